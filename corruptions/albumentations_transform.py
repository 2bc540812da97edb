"""Corruptions in an albumentations pipeline (extra `train`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from robustbench_endo.corruptions.base import warp_masks
from robustbench_endo.corruptions.errors import CorruptionError, import_optional
from robustbench_endo.corruptions.functional import corrupt_levels
from robustbench_endo.corruptions.severity import SEVERITIES, check_severities
from robustbench_endo.corruptions.suite_file import load_suite

_ALBUMENTATIONS: Any = import_optional("albumentations", purpose="AlbumentationsCorruption", extra="train")
_DualTransform: Any = _ALBUMENTATIONS.DualTransform
_InitSchema: Any = _ALBUMENTATIONS.BasicTransform.InitSchema
_NO_BOXES = (
    "Expected image and mask as targets of AlbumentationsCorruption, got boxes or key points: corrupt before the "
    "pipeline by robustbench_endo.corruptions.RandomCorruption, which moves both."
)
_Targets: Any = _ALBUMENTATIONS.core.type_definitions.Targets


class AlbumentationsCorruption(_DualTransform):  # type: ignore[misc]
    """One of several corruptions at one of several severities.

    Random numbers come from the pipeline's generator: ``Compose.set_random_seed`` determines them. Masks, (H, W) or
    (H, W, C), are moved with the image if the corruption moves it.

    Args:
        corruptions: "all", a category, names separated by commas, or a sequence of them.
        severities: severities of 1 to 5, equally likely.
        suite: name of a suite, or the path of its TOML file.
        p: probability of being applied.

    Targets:
        image (uint8, or float32 in [0, 1], of three channels), mask.

    Raises:
        UnknownNameError: an unknown corruption or suite.
        CorruptionError: a severity outside 1 to 5, an unsupported image.

    >>> import numpy as np
    >>> transform = AlbumentationsCorruption("noise,elastic_transform", severities=(1, 2, 3), p=1.0)
    >>> result = transform(image=np.zeros((48, 64, 3), np.uint8), mask=np.zeros((48, 64), np.uint8))
    >>> result["image"].shape, result["mask"].shape
    ((48, 64, 3), (48, 64))
    """

    _targets = (_Targets.IMAGE, _Targets.MASK)

    class InitSchema(_InitSchema):  # type: ignore[misc]
        """The arguments, as albumentations validates them."""

        corruptions: str | Sequence[str]
        severities: Sequence[int]
        suite: str

    def __init__(
        self,
        corruptions: str | Sequence[str] = "all",
        severities: Sequence[int] = SEVERITIES,
        suite: str = "endo19",
        p: float = 0.5,
    ) -> None:
        super().__init__(p=p)
        self.corruptions, self.suite = corruptions, suite
        self.severities = check_severities(severities)
        self._suite = load_suite(suite)
        self._names = self._suite.select(corruptions)
        self._grid: torch.Tensor | None = None

    def get_params(self) -> dict[str, Any]:
        """Random ``name``, ``severity`` and ``seed`` of the noise."""
        return {
            "name": self.py_random.choice(self._names),
            "severity": self.py_random.choice(self.severities),
            "seed": self.py_random.getrandbits(32),
        }

    def apply_with_params(self, params: dict[str, Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Apply the transform to all targets, images first: their sampling grid moves the masks."""
        self._grid = None
        images_first = dict(sorted(kwargs.items(), key=lambda item: not item[0].startswith("image")))
        result: dict[str, Any] = super().apply_with_params(params, *args, **images_first)
        return result

    def apply(self, img: NDArray[Any], name: str, severity: int, seed: int, **params: Any) -> NDArray[Any]:
        """Corrupt an image (H, W, 3)."""
        if img.ndim != 3 or img.shape[2] != 3 or img.dtype not in (np.uint8, np.float32):
            raise CorruptionError(f"Expected a uint8 or float32 image (H, W, 3), got {img.dtype} {img.shape}.")
        values = torch.from_numpy(np.ascontiguousarray(img.transpose(2, 0, 1)))[None]
        if img.dtype == np.uint8:
            batch = corrupt_levels(values, self._suite, name, severity, ["image"], seed)
        else:
            batch = self._suite.corrupt(values, name, severity, ["image"], seed)
        self._grid = batch.grid
        return batch.images[0].permute(1, 2, 0).contiguous().numpy()

    def apply_to_bboxes(self, bboxes: NDArray[Any], **params: Any) -> NDArray[Any]:
        """Refuse boxes."""
        raise CorruptionError(_NO_BOXES)

    def apply_to_keypoints(self, keypoints: NDArray[Any], **params: Any) -> NDArray[Any]:
        """Refuse key points."""
        raise CorruptionError(_NO_BOXES)

    def apply_to_mask(self, mask: NDArray[Any], **params: Any) -> NDArray[Any]:
        """Move a mask (H, W) or (H, W, C) as the image was moved."""
        if self._grid is None:
            return mask
        channels = torch.from_numpy(np.ascontiguousarray(np.atleast_3d(mask).transpose(2, 0, 1)))
        grid = self._grid.expand(len(channels), -1, -1, -1)
        return warp_masks(channels, grid).permute(1, 2, 0).contiguous().numpy().reshape(mask.shape)
