"""The contract of a corruption: the base class validates and scales, a subclass computes."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, get_type_hints

import torch
from torch import Tensor

from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.kernels.color.range_check import clamped, within_unit
from robustbench_endo.corruptions.rng import Noise, image_key

MINIMUM_SIDE = 32


def check_severity(severity: int, name: str) -> None:
    """Raise :class:`CorruptionError` unless ``severity`` is a whole number from 0 to 5."""
    if isinstance(severity, bool) or not isinstance(severity, int) or not 0 <= severity <= 5:
        raise CorruptionError(f"Corruption {name}: expected a severity from 0 to 5, got {severity!r}.")


def check_severities(severities: Sequence[object], name: str) -> None:
    """Raise :class:`CorruptionError` unless there is one set of parameters for each of the five severities."""
    if len(severities) != 5:
        raise CorruptionError(f"Corruption {name}: expected parameters of 5 severities, got {len(severities)}.")


def check_damage(damaged: object, images: Tensor, name: str) -> None:
    """Raise :class:`CorruptionError` unless ``apply`` gave back the shape and device that it was given."""
    if not isinstance(damaged, Tensor):
        raise CorruptionError(f"Corruption {name}: expected apply to return a tensor, got {type(damaged).__name__}.")
    if damaged.shape != images.shape or damaged.device != images.device:
        raise CorruptionError(
            f"Corruption {name}: expected apply to return shape {tuple(images.shape)} on {images.device}, "
            f"got {tuple(damaged.shape)} on {damaged.device}."
        )


def check_images(images: Tensor, ids: Sequence[str]) -> None:
    """Raise :class:`CorruptionError` unless ``images`` is a finite floating (B, 3, H, W) in [0, 1] with one id each."""
    if not isinstance(images, Tensor) or images.ndim != 4 or images.shape[1] != 3:
        found = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
        raise CorruptionError(f"Expected images of shape (B, 3, H, W), got {found}.")
    if not images.is_floating_point():
        raise CorruptionError(
            f"Expected floating images in [0, 1], got {images.dtype}: divide uint8 images by 255, "
            "or use robustbench_endo.corrupt, which does."
        )
    if min(images.shape[-2:]) < MINIMUM_SIDE:
        raise CorruptionError(
            f"Expected images of at least {MINIMUM_SIDE} x {MINIMUM_SIDE} pixels, got "
            f"{images.shape[-2]} x {images.shape[-1]}."
        )
    _check_range(images)
    _check_ids(ids, images.shape[0])


def _check_range(images: Tensor) -> None:
    if not within_unit(images):
        low, high = (float(value) for value in images.detach().aminmax())
        raise CorruptionError(
            f"Expected finite image values in [0, 1], got {low:g} to {high:g}: divide by the white level first."
        )


def _check_ids(ids: Sequence[str], count: int) -> None:
    if isinstance(ids, str) or len(ids) != count:
        found = "one string" if isinstance(ids, str) else f"{len(ids)} ids"
        raise CorruptionError(f"Expected one id for each of the {count} images, got {found}.")
    if len(set(ids)) != len(ids):
        twice = sorted({name for name in ids if list(ids).count(name) > 1})
        raise CorruptionError(f"Expected ids that differ within a batch, got {twice[0]!r} more than once.")


def warp_masks(masks: Tensor, grid: Tensor) -> Tensor:
    """Nearest-neighbour sampling of label maps.

    Args:
        masks: (B, H, W), any type.
        grid: (B, H, W, 2), x and y in the coordinates of ``grid_sample(align_corners=False)``: -1 and 1 are the outer
            edges of the picture. Positions outside take the nearest pixel of the border.

    Returns:
        (B, H, W) of the type of ``masks``.
    """
    count, height, width = masks.shape
    rows, columns = _index(grid[..., 1], height), _index(grid[..., 0], width)
    return masks[torch.arange(count, device=masks.device).view(-1, 1, 1), rows, columns]


def _index(position: Tensor, size: int) -> Tensor:
    return ((position.double() + 1) * size / 2).floor().long().clamp(0, size - 1)


Category = Literal["noise", "blur", "occlusion", "digital"]

CATEGORIES: tuple[Category, ...] = ("noise", "blur", "occlusion", "digital")

SEVERITIES = (1, 2, 3, 4, 5)

Px = Annotated[float, "px"]
"""A length in pixels of an image whose short side is the suite's reference (256): scaled to the image at hand."""


@dataclass(frozen=True)
class CorruptedBatch:
    """What a corruption does to a batch.

    Attributes:
        images: (B, 3, H, W) in [0, 1].
        grid: (B, H, W, 2), where each output pixel was taken from, in the coordinates of
            ``torch.nn.functional.grid_sample(align_corners=False)``; None when nothing moved.
        opacity: (B, 1, H, W) in [0, 1], how much of the scene is hidden; None when nothing covers it.
    """

    images: Tensor
    grid: Tensor | None = None
    opacity: Tensor | None = None

    def warp(self, masks: Tensor) -> Tensor:
        """Label maps (B, H, W) moved as the pictures were; ``masks`` itself when nothing moved."""
        return masks if self.grid is None else warp_masks(masks, self.grid.to(masks.device))


@dataclass(frozen=True)
class Corruption(ABC):
    """One way in which a surgical picture goes bad, at five severities.

    A subclass is a frozen dataclass that sets the class attributes below, gives ``severities`` a default (a tuple of
    five instances of its own parameter dataclass, whose fields carry their unit as ``Annotated[float, "unit"]``;
    fields of type :data:`Px` arrive scaled to the image) and writes :meth:`apply`.

    Raises:
        CorruptionError: not exactly five severities.
    """

    name: ClassVar[str]
    category: ClassVar[Category]
    cause: ClassVar[str]
    citation: ClassVar[str]

    bounded: ClassVar[bool] = False
    """True when :meth:`apply` itself keeps to [0, 1], in a tensor of its own: a pass over the picture less."""

    severities: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        check_severities(self.severities, self.name)

    @abstractmethod
    def apply(self, images: Tensor, params: Any, noise: Noise) -> Tensor | CorruptedBatch:
        """CorruptedBatch float32 ``images`` (B, 3, H, W) in [0, 1]; the result is clamped to [0, 1] by the caller,
        unless the corruption is ``bounded``."""

    def __call__(
        self,
        images: Tensor,
        severity: int,
        ids: Sequence[str],
        seed: int = 0,
        replicate: int = 0,
        reference_size: int | None = 256,
    ) -> CorruptedBatch:
        """CorruptedBatch a batch.

        Args:
            images: floating (B, 3, H, W) in [0, 1], any device; never mutated, no gradient flows back.
            severity: 0 (identity) to 5.
            ids: one stable name an image; with ``seed`` and ``replicate`` they decide all randomness.
            reference_size: short side, in pixels, at which :data:`Px` parameters are meant; None when they are
                pixels of the image itself.

        Raises:
            CorruptionError: wrong rank, channels, dtype, range, size, severity or ids.
        """
        check_severity(severity, self.name)
        check_images(images, ids)
        if severity == 0:
            return CorruptedBatch(images.detach().clone())
        params = scaled(self.severities[severity - 1], images.shape[-2:], reference_size)
        keys = tuple(image_key(seed, image_id, self.name, severity, replicate) for image_id in ids)
        noise = Noise(keys, images.device)
        pictures = images.detach().float().contiguous()
        if images.device.type != "cpu":
            return self._damage(pictures, params, noise, images.dtype)
        # One image at a time: a batch then equals its items to the bit, whatever the thread layout.
        parts = [self._damage(pictures[i : i + 1], params, noise.item(i), images.dtype) for i in range(len(keys))]
        return CorruptedBatch(
            torch.cat([part.images for part in parts]) if len(parts) > 1 else parts[0].images,
            _joined([part.grid for part in parts]),
            _joined([part.opacity for part in parts]),
        )

    def _damage(self, images: Tensor, params: Any, noise: Noise, dtype: torch.dtype) -> CorruptedBatch:
        result = self.apply(images, params, noise)
        damage = result if isinstance(result, CorruptedBatch) else CorruptedBatch(result)
        check_damage(damage.images, images, self.name)
        kept = damage.images if self.bounded else clamped(damage.images, images)
        return dataclasses.replace(damage, images=kept.to(dtype))


def scaled(params: Any, size: Sequence[int], reference_size: int | None) -> Any:
    """``params`` with every :data:`Px` field multiplied by short side / ``reference_size``."""
    if reference_size is None:
        return params
    factor = min(size) / reference_size
    lengths = {name: getattr(params, name) * factor for name, unit in units(type(params)).items() if unit == "px"}
    return dataclasses.replace(params, **lengths)


def units(parameters: type) -> dict[str, str]:
    """The unit of each parameter of a severity, by name."""
    return _units(parameters)


@lru_cache(maxsize=64)
def _units(parameters: Hashable) -> dict[str, str]:
    hints = get_type_hints(parameters, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items() if hasattr(hint, "__metadata__")}


def _joined(parts: Sequence[Tensor | None]) -> Tensor | None:
    present = [part for part in parts if part is not None]
    if len(present) <= 1:
        return present[0] if present else None
    return torch.cat(present)
