"""Corruptions in an albumentations pipeline (extra `train`)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from robustbench_endo.corruptions.base import SEVERITIES, warp_masks
from robustbench_endo.corruptions.errors import CorruptionError, OptionalDependencyError
from robustbench_endo.corruptions.functional import to_bytes
from robustbench_endo.corruptions.suite_file import load_suite
from robustbench_endo.corruptions.transforms import checked_severities


def _albumentations() -> Any:
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it asks the network for newer versions on import
    try:
        import albumentations
    except ImportError as error:
        raise OptionalDependencyError(
            "Expected the package albumentations for this transform, got it not installed: "
            "pip install robustbench-endo[train]."
        ) from error
    return albumentations


_LIBRARY = _albumentations()
_Base: Any = _LIBRARY.DualTransform
_BaseSchema: Any = _LIBRARY.BasicTransform.InitSchema


class AlbumentationsCorruption(_Base):  # type: ignore[misc]
    """One of several corruptions at one of several severities.

    Draws come from the pipeline's own generator: ``Compose.set_random_seed`` decides them. Masks, (H, W) or (H, W, C),
    are moved with the image where the corruption moves it.

    Args:
        corruptions: "all", a category, names separated by commas, or a sequence of them.
        severities: equally likely, of 1 to 5.
        suite: name of a suite, or a path to its TOML file.
        p: probability of being applied.

    Targets:
        image (uint8, or float32 in [0, 1], of three channels), mask.

    Raises:
        CorruptionError: an unknown name or suite, a severity outside 1 to 5, an image of another kind.
    """

    _targets = (_LIBRARY.core.type_definitions.Targets.IMAGE, _LIBRARY.core.type_definitions.Targets.MASK)

    class InitSchema(_BaseSchema):  # type: ignore[misc]
        """The arguments, as albumentations checks them."""

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
        self.severities = checked_severities(severities)
        self._suite = load_suite(suite)
        self._names = self._suite.select(corruptions)
        self._grid: torch.Tensor | None = None

    def get_params(self) -> dict[str, Any]:
        """What is drawn: ``name``, ``severity`` and the ``seed`` of the noise."""
        return {
            "name": self.py_random.choice(self._names),
            "severity": self.py_random.choice(self.severities),
            "seed": self.py_random.getrandbits(32),
        }

    def apply_with_params(self, params: dict[str, Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Images first: they know where their masks went."""
        self._grid = None
        images_first = dict(sorted(kwargs.items(), key=lambda item: not item[0].startswith("image")))
        result: dict[str, Any] = super().apply_with_params(params, *args, **images_first)
        return result

    def apply(self, img: NDArray[Any], name: str, severity: int, seed: int, **params: Any) -> NDArray[Any]:
        """The image, damaged."""
        if img.ndim != 3 or img.shape[2] != 3 or img.dtype not in (np.uint8, np.float32):
            raise CorruptionError(f"Expected a uint8 or float32 image (H, W, 3), got {img.dtype} {img.shape}.")
        values = torch.from_numpy(np.ascontiguousarray(img.transpose(2, 0, 1)))[None]
        scaled = values / 255 if img.dtype == np.uint8 else values
        damage = self._suite.corrupt(scaled, name, severity, ["image"], seed)
        self._grid = damage.grid
        picture = to_bytes(damage.images) if img.dtype == np.uint8 else damage.images
        return picture[0].permute(1, 2, 0).contiguous().numpy()

    def apply_to_mask(self, mask: NDArray[Any], **params: Any) -> NDArray[Any]:
        """The mask, moved where the image was."""
        if self._grid is None:
            return mask
        layers = torch.from_numpy(np.ascontiguousarray(np.atleast_3d(mask).transpose(2, 0, 1)))
        grid = self._grid.expand(len(layers), -1, -1, -1)
        return warp_masks(layers, grid).permute(1, 2, 0).contiguous().numpy().reshape(mask.shape)
