"""Corruptions in a kornia pipeline, for batches on any device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import warp_masks
from robustbench_endo.corruptions.errors import CorruptionError, import_optional
from robustbench_endo.corruptions.move_points import move_points
from robustbench_endo.corruptions.severity import SEVERITIES, check_severities
from robustbench_endo.corruptions.suite import Suite
from robustbench_endo.corruptions.suite_file import load_suite

_KORNIA: Any = import_optional("kornia.augmentation", purpose="KorniaCorruption", extra="kornia")

_LARGEST_SEED = 2**31 - 1


class KorniaCorruption(_KORNIA.IntensityAugmentationBase2D):  # type: ignore[misc]
    """One of several corruptions at one of several severities, selected for every image of a batch.

    For ``kornia.augmentation.AugmentationSequential`` and ``torch.nn.Sequential``. As the transforms of kornia it draws
    from torch's global generator: ``torch.manual_seed`` determines it, and the drawn parameters repeat a call. Masks,
    key points and the corners of boxes are moved with their image if the corruption moves it.

    Args:
        corruptions: "all", a category, names separated by commas, or a sequence of them.
        severities: severities of 1 to 5, equally likely.
        suite: a suite, its name, or the path of its TOML file.
        p: probability that an image is corrupted.
        same_on_batch: the same corruption, severity and noise for all images of a batch.
        keepdim: return an image (3, H, W) without the dimension of a batch.

    Raises:
        UnknownNameError: an unknown corruption or suite.
        CorruptionError: a severity outside 1 to 5; images that are not floating (B, 3, H, W) in [0, 1].

    >>> import torch
    >>> transform = KorniaCorruption("noise,blur", severities=(1, 2, 3), p=1.0)
    >>> transform(torch.rand(2, 3, 48, 64)).shape
    torch.Size([2, 3, 48, 64])
    """

    def __init__(
        self,
        corruptions: str | Sequence[str] = "all",
        severities: Sequence[float] = SEVERITIES,
        suite: str | Path | Suite = "endo19",
        p: float = 0.5,
        same_on_batch: bool = False,
        keepdim: bool = False,
    ) -> None:
        if not 0.0 <= p <= 1.0:
            raise CorruptionError(f"Expected a probability p from 0 to 1, got {p!r}.")
        super().__init__(p=p, same_on_batch=same_on_batch, keepdim=keepdim)
        self.suite = suite if isinstance(suite, Suite) else load_suite(suite)
        self.names = self.suite.select(corruptions)
        self.severities = check_severities(severities)
        self._noise = torch.empty(0)
        self._grids: list[Tensor | None] = []

    def generate_parameters(self, batch_shape: tuple[int, ...]) -> dict[str, Tensor]:
        """Indices of the corruption and severity, and the seed of the noise, for every image."""
        count = batch_shape[0]
        number = 1 if self.same_on_batch else count
        highs = {"corruption": len(self.names), "severity": len(self.severities), "noise": _LARGEST_SEED}
        return {name: torch.randint(high, (number,)).expand(count) for name, high in highs.items()}

    def apply_transform(
        self, images: Tensor, params: dict[str, Tensor], flags: dict[str, Any], transform: Tensor | None = None
    ) -> Tensor:
        """Corrupt the images whose gate is open."""
        if images.ndim != 4 or images.shape[1] != 3:
            raise CorruptionError(f"Expected images (B, 3, H, W) in [0, 1], got {tuple(images.shape)}.")
        corrupted: list[Tensor] = []
        grids: list[Tensor | None] = []
        gates = params["batch_prob"].expand(len(images)).tolist()
        draws = zip(*(params[name].tolist() for name in ("corruption", "severity", "noise")), strict=True)
        for image, gate, (corruption, severity, noise) in zip(images, gates, draws, strict=True):
            if gate <= 0.5:
                corrupted.append(image)
                grids.append(None)
                continue
            condition = self.names[corruption], self.severities[severity]
            batch = self.suite.corrupt(image[None], *condition, ["image"], noise)
            corrupted.append(batch.images[0])
            grids.append(None if batch.grid is None else batch.grid[0])
        self._noise, self._grids = params["noise"].clone(), grids
        return torch.stack(corrupted)

    def apply_transform_mask(
        self, masks: Tensor, params: dict[str, Tensor], flags: dict[str, Any], transform: Tensor | None = None
    ) -> Tensor:
        """Move masks (B, C, H, W) as the images were moved, by nearest neighbour."""
        return self._moved(masks, params, lambda mask, grid: warp_masks(mask, grid.expand(len(mask), -1, -1, -1)))

    def apply_transform_keypoint(
        self, keypoints: Any, params: dict[str, Tensor], flags: dict[str, Any], transform: Tensor | None = None
    ) -> Any:
        """Move key points (B, N, 2), whose whole numbers are the centres of pixels."""
        output = keypoints.clone()
        output._data = self._moved(keypoints.data, params, _move_centres)
        return output

    def apply_transform_box(
        self, boxes: Any, params: dict[str, Tensor], flags: dict[str, Any], transform: Tensor | None = None
    ) -> Any:
        """Move the corners of boxes (B, N, 4, 2)."""
        output = boxes.clone()
        output._data = self._moved(boxes.data, params, _move_centres)
        return output

    def _moved(self, parts: Tensor, params: dict[str, Tensor], move: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """Each part moved with its image."""
        if not torch.equal(self._noise, params["noise"]) or len(parts) != len(self._grids):
            raise CorruptionError(
                "Expected the images before their masks, boxes and key points, got these first: put the image first in "
                "data_keys, and pass one of each per image."
            )
        moved = zip(parts, self._grids, strict=True)
        return torch.stack([part if grid is None else move(part, grid.to(part.device)) for part, grid in moved])


def _move_centres(points: Tensor, grid: Tensor) -> Tensor:
    """Points (..., 2) in the coordinates of kornia, where whole numbers are the centres of pixels."""
    moved = move_points(points.reshape(-1, 2) + 0.5, grid) - 0.5
    return moved.reshape(points.shape).to(points.dtype).to(points.device)
