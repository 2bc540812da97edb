"""Samples of any structure: which of their parts are images, videos, masks, boxes, key points, and the id.

Follows the rules of torchvision's transforms v2, and finds masks that are plain tensors, too.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils import _pytree as pytree  # as torchvision's transforms v2

from robustbench_endo.corruptions.errors import CorruptionError

IMAGE, VIDEO, MASK, BOXES, POINTS, OTHER = "image", "video", "mask", "boxes", "points", "other"
"""What a part of a sample is."""

_LABEL_MAP_MODES = ("L", "P", "I", "I;16")
_UNWRAPPED = {"boxes": "BoundingBoxes", "bboxes": "BoundingBoxes", "bbox": "BoundingBoxes", "keypoints": "KeyPoints"}
_ACCEPTED = "an RGB image: a PIL image, or a tensor (3, H, W) or (B, 3, H, W), as `image` or first tensor of the sample"


@dataclass(frozen=True)
class SampleParts:
    """The parts of a sample.

    Attributes:
        parts: leaves of the sample in its order.
        roles: what each of them is.
        rebuild: makes a sample of the same structure from other parts.
        id: the sample's ``id`` or ``image_id``; None if it has none.
        unwrapped: key of boxes or key points that are not tv_tensors, and can therefore not be moved; None without.
    """

    parts: list[Any]
    roles: list[str]
    rebuild: Callable[[list[Any]], Any]
    id: Any
    unwrapped: str | None

    @property
    def images(self) -> list[int]:
        """Positions of the images and videos."""
        return [i for i, role in enumerate(self.roles) if role in (IMAGE, VIDEO)]


def read_sample(sample: Any) -> SampleParts:
    """Flatten a sample.

    Raises:
        CorruptionError: no image in the sample.
    """
    tree, restore = _as_tree(sample)
    leaves, spec = pytree.tree_flatten_with_path(tree)
    keys = [_last_key(path) for path, _ in leaves]
    parts = [part for _, part in leaves]
    roles = [_role_of_type(part) for part in parts]
    _choose_image(parts, keys, roles)
    _find_masks(parts, keys, roles)
    unwrapped = [
        key
        for key, part, role in zip(keys, parts, roles, strict=True)
        if key in _UNWRAPPED and role == OTHER and part is not None
    ]
    return SampleParts(
        parts,
        roles,
        lambda changed: restore(pytree.tree_unflatten(changed, spec)),
        _id_of(tree),
        unwrapped[0] if unwrapped else None,
    )


def unwrapped_error(key: str) -> CorruptionError:
    """The error for boxes or key points whose format is not known."""
    return CorruptionError(
        f"Expected {key!r} as torchvision.tv_tensors.{_UNWRAPPED[key]} with a canvas_size, because the corruption "
        "moves the image, got another type: wrap them."
    )


def _as_tree(sample: Any) -> tuple[Any, Callable[[Any], Any]]:
    """The sample as a structure that can be flattened, and a function that makes its type of the structure."""
    if dataclasses.is_dataclass(sample) and not isinstance(sample, type):
        fields = {field.name: getattr(sample, field.name) for field in dataclasses.fields(sample) if field.init}
        return fields, lambda changed: dataclasses.replace(sample, **changed)
    if isinstance(sample, Mapping) and type(sample) not in pytree.SUPPORTED_NODES:
        return dict(sample), lambda changed: changed
    return sample, lambda changed: changed


def _last_key(path: Sequence[Any]) -> Any:
    """The last key of a mapping, or field of a named tuple, on the way to a part."""
    keys = [getattr(step, "key", getattr(step, "name", None)) for step in path]
    return next((key for key in reversed(keys) if key is not None), None)


def _role_of_type(part: Any) -> str:
    if is_pil(part):
        return IMAGE
    library = sys.modules.get("torchvision.tv_tensors")  # a sample has no tv_tensors where it is not imported
    if library is not None:
        names = {IMAGE: "Image", VIDEO: "Video", MASK: "Mask", BOXES: "BoundingBoxes", POINTS: "KeyPoints"}
        for role, name in names.items():
            if isinstance(part, getattr(library, name, ())):  # KeyPoints are new in torchvision 0.23
                return role
    return OTHER


def _choose_image(parts: list[Any], keys: list[Any], roles: list[str]) -> None:
    """Without an image or video: what is called ``image``, else the first plain tensor that is not called ``mask``."""
    if any(role in (IMAGE, VIDEO) for role in roles):
        return
    plain = [i for i, part in enumerate(parts) if isinstance(part, Tensor) and roles[i] == OTHER]
    candidates = [i for i in plain if keys[i] == "image"] or [i for i in plain if keys[i] != "mask"]
    if "image" in keys and not any(keys[i] == "image" for i in candidates):
        candidates = []
    if not candidates:
        kinds = [type(part).__name__ for part in parts if part is not None] or ["NoneType"]
        arrays = any(isinstance(part, np.ndarray) for part in parts)
        hint = (
            "convert arrays by torchvision.transforms.v2.ToImage(), or use robustbench_endo.corrupt" if arrays else ""
        )
        raise CorruptionError(f"Expected {_ACCEPTED}, got {', '.join(kinds)}: {hint or 'add the image to the sample'}.")
    roles[candidates[0]] = IMAGE


def _find_masks(parts: list[Any], keys: list[Any], roles: list[str]) -> None:
    """Masks that are no tv_tensors: integers of the image's size, what is called ``mask``, PIL label maps."""
    first = next(i for i, role in enumerate(roles) if role in (IMAGE, VIDEO))
    size = image_size(parts[first])
    for i, part in enumerate(parts):
        if i == first:
            continue
        if is_pil(part) and (keys[i] == "mask" or part.mode in _LABEL_MAP_MODES):
            roles[i] = MASK
        elif isinstance(part, Tensor) and roles[i] == OTHER:
            whole_numbers = not part.is_floating_point() and not part.is_complex()
            if keys[i] == "mask" or (whole_numbers and part.ndim >= 2 and tuple(part.shape[-2:]) == size):
                roles[i] = MASK


def _id_of(tree: Any) -> Any:
    """``id`` or ``image_id`` of the sample, else the first ``image_id`` in a tuple, whose ``id`` may be of boxes."""
    if isinstance(tree, dict):
        return tree.get("id", tree.get("image_id"))
    direct = getattr(tree, "id", None)
    return _nested_id(tree) if direct is None else direct


def _nested_id(tree: Any) -> Any:
    if isinstance(tree, dict):
        return tree.get("image_id")
    parts = tree if isinstance(tree, (tuple, list)) else ()
    return next((nested for nested in map(_nested_id, parts) if nested is not None), None)


def is_pil(part: Any) -> bool:
    """Whether a part is a PIL image."""
    library = sys.modules.get("PIL.Image")
    return library is not None and isinstance(part, library.Image)


def image_size(part: Any) -> tuple[int, int]:
    """(height, width) of an image, video or mask."""
    return (part.height, part.width) if is_pil(part) else tuple(part.shape[-2:])


def to_tensor(part: Any) -> Tensor:
    """A plain tensor of an image (..., 3, H, W), a video, or a mask (..., H, W)."""
    if not is_pil(part):
        tensor: Tensor = part.as_subclass(Tensor)
        return tensor
    array = np.array(part)
    return torch.from_numpy(array if array.ndim == 2 else np.ascontiguousarray(array.transpose(2, 0, 1)))


def like(tensor: Tensor, part: Any) -> Any:
    """A tensor as an object of the type of a part."""
    if is_pil(part):
        array = tensor.numpy() if tensor.ndim == 2 else np.ascontiguousarray(tensor.permute(1, 2, 0).numpy())
        image = sys.modules["PIL.Image"].fromarray(array)
        if part.mode == "P":
            image.putpalette(part.getpalette())
        return image
    if hasattr(type(part), "wrap"):
        return sys.modules["torchvision.tv_tensors"].wrap(tensor, like=part)
    return tensor.as_subclass(type(part))


def frames_of(part: Any, role: str) -> Tensor:
    """An image or video as (units, frames, 3, H, W), a unit being an image or a clip.

    Raises:
        CorruptionError: other channels or dimensions.
    """
    if is_pil(part) and part.mode != "RGB":
        raise CorruptionError(
            f"Expected {_ACCEPTED}, got a PIL image of mode {part.mode}: call its convert('RGB') before."
        )
    tensor = to_tensor(part)
    single = 4 if role == VIDEO else 3
    if tensor.ndim not in (single, single + 1) or tensor.shape[-3] != 3:
        accepted = "a video (T, 3, H, W) or (B, T, 3, H, W)" if role == VIDEO else _ACCEPTED
        raise CorruptionError(
            f"Expected {accepted}, got a tensor {tuple(tensor.shape)}: repeat a grey channel, drop an alpha channel, "
            "move channels before the rows."
        )
    units = tensor[None] if tensor.ndim == single else tensor
    return units if role == VIDEO else units[:, None]
