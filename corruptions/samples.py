"""What a dataset may hand to a transform: a picture alone or with its mask, and how both go back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .errors import CorruptionError
from .warp import warp_masks

Grids = Sequence[Tensor | None]
"""One sampling grid (H, W, 2) an image; None where nothing moved."""

_ACCEPTED = (
    "a tensor (3, H, W) or (B, 3, H, W), a tuple that begins with one, or a mapping or dataclass with an `image`"
)


def image_of(sample: Any) -> Tensor:
    """The picture of a sample.

    Raises:
        CorruptionError: a sample of another kind, or a picture that is no tensor (3, H, W) or (B, 3, H, W).
    """
    image = _picture(sample)
    if not isinstance(image, Tensor) or image.ndim not in (3, 4) or image.shape[-3] != 3:
        found = f"a tensor {tuple(image.shape)}" if isinstance(image, Tensor) else type(image).__name__
        raise CorruptionError(
            f"Expected {_ACCEPTED}, found {found}: turn arrays and PIL pictures into RGB tensors before the corruption."
        )
    return image


def named_id(sample: Any) -> Any:
    """What the sample says its ``id`` is; None when it says nothing."""
    return sample.get("id") if isinstance(sample, Mapping) else getattr(sample, "id", None)


def rebuilt(sample: Any, image: Tensor, grids: Grids) -> Any:
    """The sample with ``image``, and with its masks moved by the grids.

    A mapping or dataclass has its mask under ``mask``; in a tuple every tensor of whole numbers whose last two sides
    are the picture's is one.
    """
    if isinstance(sample, Tensor):
        return image
    if isinstance(sample, Mapping):
        return {**sample, "image": image, **({"mask": moved(sample["mask"], grids)} if "mask" in sample else {})}
    if dataclasses.is_dataclass(sample) and not isinstance(sample, type):
        masks = {"mask": moved(sample.mask, grids)} if hasattr(sample, "mask") else {}
        return dataclasses.replace(sample, image=image, **masks)
    items = [image, *(moved(item, grids) if _is_mask(item, image) else item for item in sample[1:])]
    build: Callable[..., Any] = getattr(type(sample), "_make", type(sample))  # a namedtuple has _make
    return build(items)


def moved(mask: Any, grids: Grids) -> Any:
    """A mask (H, W), (1, H, W), (B, H, W) or (B, 1, H, W) moved image by image; None stays None."""
    if mask is None or all(grid is None for grid in grids):
        return mask
    flat = mask.as_subclass(Tensor).reshape(len(grids), *mask.shape[-2:])
    parts = [
        part if grid is None else warp_masks(part[None], grid[None])[0] for part, grid in zip(flat, grids, strict=True)
    ]
    return torch.stack(parts).reshape(mask.shape).as_subclass(type(mask))


def _picture(sample: Any) -> Any:
    if isinstance(sample, Mapping):
        return sample.get("image")
    if isinstance(sample, (tuple, list)) and sample:
        return sample[0]
    return getattr(sample, "image", sample)


def _is_mask(item: Any, image: Tensor) -> bool:
    return isinstance(item, Tensor) and item.shape[-2:] == image.shape[-2:] and not item.is_floating_point()
