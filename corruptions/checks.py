"""What every corruption asks of its input, checked in one place."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from .errors import CorruptionError
from .kernels.pixels.settle import within_unit

MINIMUM_SIDE = 32


def check_severity(severity: int, name: str) -> None:
    """Raise :class:`CorruptionError` unless ``severity`` is a whole number from 0 to 5."""
    if isinstance(severity, bool) or not isinstance(severity, int) or not 0 <= severity <= 5:
        raise CorruptionError(f"Corruption {name}: expected a severity from 0 to 5, found {severity!r}.")


def check_severities(severities: Sequence[object], name: str) -> None:
    """Raise :class:`CorruptionError` unless there is one set of parameters for each of the five severities."""
    if len(severities) != 5:
        raise CorruptionError(f"Corruption {name}: expected parameters of 5 severities, found {len(severities)}.")


def check_damage(damaged: object, images: Tensor, name: str) -> None:
    """Raise :class:`CorruptionError` unless ``apply`` gave back the shape and device that it was given."""
    if not isinstance(damaged, Tensor):
        raise CorruptionError(f"Corruption {name}: expected apply to return a tensor, found {type(damaged).__name__}.")
    if damaged.shape != images.shape or damaged.device != images.device:
        raise CorruptionError(
            f"Corruption {name}: expected apply to return shape {tuple(images.shape)} on {images.device}, "
            f"found {tuple(damaged.shape)} on {damaged.device}."
        )


def check_images(images: Tensor, ids: Sequence[str]) -> None:
    """Raise :class:`CorruptionError` unless ``images`` is a finite floating (B, 3, H, W) in [0, 1] with one id each."""
    if not isinstance(images, Tensor) or images.ndim != 4 or images.shape[1] != 3:
        found = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
        raise CorruptionError(f"Expected images of shape (B, 3, H, W), found {found}.")
    if not images.is_floating_point():
        raise CorruptionError(
            f"Expected floating images in [0, 1], found {images.dtype}: divide uint8 images by 255, "
            "or use robustbench_endo.corrupt, which does."
        )
    if min(images.shape[-2:]) < MINIMUM_SIDE:
        raise CorruptionError(
            f"Expected images of at least {MINIMUM_SIDE} x {MINIMUM_SIDE} pixels, found "
            f"{images.shape[-2]} x {images.shape[-1]}."
        )
    _check_range(images)
    _check_ids(ids, images.shape[0])


def _check_range(images: Tensor) -> None:
    if not within_unit(images):
        low, high = (float(value) for value in images.detach().aminmax())
        raise CorruptionError(
            f"Expected finite image values in [0, 1], found {low:g} to {high:g}: divide by the white level first."
        )


def _check_ids(ids: Sequence[str], count: int) -> None:
    if isinstance(ids, str) or len(ids) != count:
        found = "one string" if isinstance(ids, str) else f"{len(ids)} ids"
        raise CorruptionError(f"Expected one id for each of the {count} images, found {found}.")
    if len(set(ids)) != len(ids):
        twice = sorted({name for name in ids if list(ids).count(name) > 1})
        raise CorruptionError(f"Expected ids that differ within a batch, found {twice[0]!r} more than once.")
