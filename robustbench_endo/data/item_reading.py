"""Items of other data sets as targets and images of this package: pairs, tuples and dicts; PIL images and arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.errors import DataError
from robustbench_endo.types import IGNORE

Key = str | int
"""Key of a dict, or position in a tuple."""

IMAGE_NAMES = ("image", "img", "pixel_values", "frame", "input", "x")
MASK_NAMES = ("mask", "segmentation", "segmentation_mask", "semantic", "annotation", "label", "labels", "target", "y")
ACTIVITY_NAMES = ("activity", "action", "phase", "label", "labels", "target", "y")
"""Usual keys, in the order in which they are tried."""

TOLERANCE = 1e-3
"""How far floating values may lie outside of [0, 1] by rounding."""


@dataclass(frozen=True)
class ItemKeys:
    """Where an item has its image and its targets.

    Attributes:
        image, mask, activity: key of a dict or position in a tuple; None for a target that items lack.
    """

    image: Key
    mask: Key | None = None
    activity: Key | None = None


def find_keys(item: object, image: Key | None, mask: Key | None, activity: Key | None) -> ItemKeys:
    """The keys of an item; those that are None are recognised by their name, in a tuple by their value.

    Args:
        item: the first item of a data set.
        image, mask, activity: as the caller names them.

    Raises:
        DataError: an item of another kind, without image or targets, or with several that could be meant.

    >>> find_keys({"img": np.zeros((4, 4, 3)), "label": 2}, None, None, None)
    ItemKeys(image='img', mask=None, activity='label')
    """
    if not isinstance(item, Mapping) and not (isinstance(item, Sequence) and not isinstance(item, (str, bytes))):
        raise DataError(
            f"Expected items to be tuples (image, mask) or dicts, got {describe_item(item)}: return the targets with "
            "the image."
        )
    for name, key in (("image", image), ("mask", mask), ("activity", activity)):
        if key is not None and not _has(item, key):
            raise DataError(f"Expected {name}={key!r} in every item, got {describe_item(item)}: correct {name}=.")
    if isinstance(item, Mapping):
        keys = _of_mapping(item, image, mask, activity)
    else:
        keys = _of_sequence(item, image, mask, activity)
    if keys.mask is None and keys.activity is None:
        raise DataError(
            f"Expected a mask or an activity in every item, got {describe_item(item)}: name its key or position, as in "
            "mask='label' or mask=1."
        )
    return keys


def _of_mapping(item: Mapping[Any, Any], image: Key | None, mask: Key | None, activity: Key | None) -> ItemKeys:
    if image is None:
        image = next((name for name in IMAGE_NAMES if name in item), None)
    if image is None:
        raise DataError(f"Expected an image in every item, got {describe_item(item)}: name its key, as in image='rgb'.")
    if mask is None:
        mask = next((name for name in MASK_NAMES if name in item and _is_map(item[name]) and name != activity), None)
    if activity is None:
        names = (name for name in ACTIVITY_NAMES if name in item and _is_label(item[name]) and name != mask)
        activity = next(names, None)
    return ItemKeys(image, mask, activity)


def _of_sequence(item: Sequence[Any], image: Key | None, mask: Key | None, activity: Key | None) -> ItemKeys:
    first = 0 if image is None else image
    others = [position for position in range(len(item)) if position not in (first, mask, activity)]
    maps = [position for position in others if mask is None and _is_map(item[position])]
    labels = [position for position in others if activity is None and _is_label(item[position])]
    for name, positions in (("mask", maps), ("activity", labels)):
        if len(positions) > 1:
            raise DataError(
                f"Expected one {name} in every item, got {describe_item(item)}: give its position, as in "
                f"{name}={positions[0]}."
            )
    return ItemKeys(
        first, mask if mask is not None else _only(maps), activity if activity is not None else _only(labels)
    )


def _only(positions: Sequence[int]) -> int | None:
    return positions[0] if positions else None


def _has(item: Any, key: Key) -> bool:
    return key in item if isinstance(item, Mapping) else isinstance(key, int) and -len(item) <= key < len(item)


def _is_label(value: object) -> bool:
    """Whether a value is one whole number."""
    if isinstance(value, (Tensor, np.ndarray)):
        return value.ndim <= 1 and int(np.prod(tuple(value.shape))) == 1 and "float" not in str(value.dtype)
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _is_map(value: object) -> bool:
    """Whether a value has a height and a width."""
    if isinstance(value, (Tensor, np.ndarray)):
        return value.ndim >= 2
    if isinstance(value, list):  # rows of numbers, as data sets of Hugging Face have them
        return bool(value) and isinstance(value[0], list)
    return is_pil(value)


def is_pil(value: object) -> bool:
    """Whether a value is an image of PIL, without importing it."""
    return any(base.__module__ == "PIL.Image" and base.__name__ == "Image" for base in type(value).__mro__)


def describe_item(item: Any) -> str:
    """Content of an item, for error messages."""
    if isinstance(item, Mapping):
        return "a dict with " + (", ".join(f"{key!r}: {_describe(value)}" for key, value in item.items()) or "nothing")
    if isinstance(item, Sequence) and not isinstance(item, (str, bytes)):
        return f"{type(item).__name__} of " + (", ".join(map(_describe, item)) or "nothing")
    return _describe(item)


def _describe(value: object) -> str:
    if isinstance(value, (Tensor, np.ndarray)):
        return f"{type(value).__name__} {tuple(value.shape)} of {str(value.dtype).removeprefix('torch.')}"
    return f"PIL image of mode {value.mode}" if is_pil(value) else type(value).__name__  # type: ignore[attr-defined]


def read_item_image(value: Any, mean: Sequence[float] | None = None, std: Sequence[float] | None = None) -> Tensor:
    """An image as uint8 (3, H, W); floating values are rounded to the nearest of 256 levels.

    Args:
        value: an RGB image of PIL, or an array or tensor (3, H, W) or (H, W, 3), uint8 or floating in [0, 1].
        mean, std: of a normalisation ``(image - mean) / std`` to undo, three numbers each.

    Raises:
        DataError: another shape, type or range.

    >>> read_item_image(np.full((4, 6, 3), 0.5)).shape
    torch.Size([3, 4, 6])
    """
    if is_pil(value):
        value = np.asarray(value if value.mode == "RGB" else value.convert("RGB"))
    if not isinstance(value, (Tensor, np.ndarray)):
        raise DataError(
            f"Expected images of PIL, arrays or tensors, got {_describe(value)}: open files in the data set."
        )
    image = torch.from_numpy(np.array(value)) if isinstance(value, np.ndarray) else value.detach().cpu()
    image = image.as_subclass(Tensor)
    if image.ndim != 3 or (image.shape[0] == 3) == (image.shape[-1] == 3):
        raise DataError(
            f"Expected RGB images (3, H, W) or (H, W, 3), got {_describe(value)}: return one image per item, a grey "
            "one stacked three times."
        )
    image = image if image.shape[0] == 3 else image.permute(2, 0, 1)
    if image.dtype == torch.uint8:
        return image.clone(memory_format=torch.contiguous_format)
    if not image.is_floating_point():
        raise DataError(f"Expected images as uint8 or floating in [0, 1], got {_describe(value)}: convert to uint8.")
    if mean is not None or std is not None:
        image = image * _channels(std, 1.0) + _channels(mean, 0.0)
    return _to_levels(image.float(), undone=mean is not None or std is not None)


def _channels(values: Sequence[float] | None, default: float) -> Tensor:
    return torch.tensor([default] * 3 if values is None else list(values)).view(3, 1, 1)


def _to_levels(image: Tensor, undone: bool) -> Tensor:
    low, high = (float(value) for value in image.aminmax())
    if not (low >= -TOLERANCE and high <= 1 + TOLERANCE):
        if not bool(image.isfinite().all()):
            fix = "replace NaN and infinity in the data set"
        elif undone:
            fix = "correct mean= and std=, those of Normalize"
        elif low >= 0 and high <= 255 + TOLERANCE:
            fix = "convert them to uint8, or divide them by 255"
        else:
            fix = "give the data set without Normalize, or undo it by mean=(...), std=(...)"
        raise DataError(f"Expected floating images in [0, 1], got values from {low:.3g} to {high:.3g}: {fix}.")
    return (image.clamp(0, 1) * 255).round().to(torch.uint8).contiguous()


def read_item_mask(value: Any) -> Tensor | None:
    """A mask as uint8 class indices (H, W), 255 = ignore, which negative values become; None stays None.

    Args:
        value: an image of PIL, or an array or tensor (H, W), (1, H, W) or (H, W, 1) of whole numbers or bool.

    Raises:
        DataError: another shape or type, or values that are no class indices.

    >>> read_item_mask(np.array([[0, 2], [-1, 255]])).tolist()
    [[0, 2], [255, 255]]
    """
    if value is None:
        return None
    if is_pil(value) and value.mode not in ("L", "P", "1", "I", "I;16"):
        raise DataError(
            f"Expected masks with one class index per pixel, got a PIL image of mode {value.mode}: map its colours to "
            "indices in the data set."
        )
    labels: NDArray[Any] = value.detach().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)
    shape = labels.shape
    if len(shape) == 3 and 1 in (shape[0], shape[-1]):
        labels = labels[0] if shape[0] == 1 else labels[..., 0]
    if labels.ndim != 2 or labels.dtype.kind not in "iubf":
        raise DataError(
            f"Expected masks (H, W) with one class index per pixel, got {_describe(value)}: take the argmax of one-hot "
            "masks, and map colours to indices in the data set."
        )
    if labels.dtype.kind == "f" and not np.array_equal(labels, np.rint(labels)):
        raise DataError(
            f"Expected masks with class indices, got fractions such as {labels[labels != np.rint(labels)][0]:.3g}: "
            "ToTensor divides a mask by 255; use PILToTensor or torch.as_tensor(np.array(mask))."
        )
    indices = labels.astype(np.int64)
    indices[indices < 0] = IGNORE
    if indices.size and indices.max() > IGNORE:
        raise DataError(
            f"Expected class indices below {IGNORE}, got {indices.max()}: map the values of the masks to 0, 1, 2, ... "
            "in the data set."
        )
    return torch.from_numpy(indices.astype(np.uint8))


def read_item_activity(value: Any, activities: Sequence[str]) -> int | None:
    """An activity as its class index; None for none and for a negative number.

    Args:
        value: a whole number, a tensor or array of one, or a name.
        activities: names of the activities.

    Raises:
        DataError: another kind of value, or an activity that has no name.

    >>> read_item_activity("cut", ("hold", "cut")), read_item_activity(torch.tensor(-1), ("hold", "cut"))
    (1, None)
    """
    if value is None:
        return None
    if isinstance(value, str) and value in activities:
        return list(activities).index(value)
    if not _is_label(value):
        raise DataError(
            f"Expected an activity to be the index or name of one of {', '.join(activities)}, got "
            f"{value if isinstance(value, (str, float)) else _describe(value)}: take the argmax of one-hot labels."
        )
    index = int(value)
    if index >= len(activities):
        raise DataError(
            f"Expected activities from 0 to {len(activities) - 1}, got {index}: give all their names in activities=."
        )
    return None if index < 0 else index
