"""Images as people have them: PIL images, arrays and tensors, channels first or last, one or a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.kernels.color.range_check import in_unit_range

ACCEPTED = "a PIL image, an array or a tensor of RGB images, (H, W, 3), (3, H, W) or a batch of these"


@dataclass(frozen=True)
class ImageBatch:
    """Images in one of the two layouts in which they are corrupted, and the way to their type.

    Attributes:
        pixels: uint8 frames (B, H, W, 3) as an array, or else a tensor (B, 3, H, W), uint8 or floating.
        single: whether it was one image without a batch axis.
        restore: corrupted ``pixels`` -> an object of the type and layout that was passed.
    """

    pixels: Any
    single: bool
    restore: Callable[[Any], Any]


def read_images(images: object) -> ImageBatch:
    """The pixels of images of any accepted type, without a change of their values.

    The channels are the axis of length 3, the last one or the third from the end.

    Raises:
        CorruptionError: another type, no axis or two axes that could be the channels, or values that are neither 8-bit
            nor floating in [0, 1].

    >>> read_images(np.zeros((3, 48, 64), np.uint8)).pixels.shape
    (1, 48, 64, 3)
    """
    if isinstance(images, Tensor):
        return _of_tensor(images)
    if isinstance(images, np.ndarray):
        return _of_array(images)
    if _is_pil(images):
        return _of_pil(images)
    raise _wrong_type(images)


def _of_tensor(images: Tensor) -> ImageBatch:
    plain = images.detach().as_subclass(Tensor)
    first, single = _layout(tuple(images.shape), "tensor")
    _check_kind(str(images.dtype).removeprefix("torch."), images.dtype == torch.uint8, images.is_floating_point())
    batch = plain[None] if single else plain
    batch = batch if first else batch.permute(0, 3, 1, 2).contiguous()
    _check_range(batch)

    def restore(corrupted: Tensor) -> Tensor:
        result = corrupted if first else corrupted.permute(0, 2, 3, 1).contiguous()
        result = result[0] if single else result
        return result if type(images) is Tensor else result.as_subclass(type(images))

    return ImageBatch(batch, single, restore)


def _of_array(images: np.ndarray[Any, Any]) -> ImageBatch:
    first, single = _layout(images.shape, "array")
    floating = np.issubdtype(images.dtype, np.floating)
    _check_kind(str(images.dtype), images.dtype == np.uint8, floating)
    batch = images[None] if single else images
    if not floating:
        frames = np.ascontiguousarray(batch.transpose(0, 2, 3, 1)) if first else batch
        return ImageBatch(frames, single, lambda corrupted: _array(corrupted, single, first, False, images.dtype))
    planes = np.ascontiguousarray(batch if first else batch.transpose(0, 3, 1, 2), dtype=np.float32)
    tensor = torch.from_numpy(planes if planes.flags.writeable else planes.copy())
    _check_range(tensor)
    return ImageBatch(tensor, single, lambda corrupted: _array(corrupted.numpy(), single, first, True, images.dtype))


def _array(pixels: Any, single: bool, first: bool, planes: bool, dtype: Any) -> Any:
    """Frames (B, H, W, 3), or ``planes`` (B, 3, H, W), as an array with the channels first or last."""
    if planes != first:
        pixels = pixels.transpose((0, 3, 1, 2) if first else (0, 2, 3, 1))
    result = np.ascontiguousarray(pixels, dtype=dtype)
    return result[0] if single else result


def _of_pil(image: Any) -> ImageBatch:
    if image.mode != "RGB":
        raise CorruptionError(
            f"Expected an RGB image, got a PIL image of mode {image.mode!r}: give image.convert('RGB'); corruptions "
            "such as smoke and bleeding have a colour."
        )
    frame = np.asarray(image)

    def restore(corrupted: Any) -> Any:
        from PIL import Image

        return Image.fromarray(corrupted[0])

    return ImageBatch(frame[None], True, restore)


def _layout(shape: tuple[int, ...], kind: str) -> tuple[bool, bool]:
    """Whether the channels come first, and whether it is a single image."""
    if len(shape) in (3, 4):
        first, last = shape[-3] == 3, shape[-1] == 3
        if first and last:
            raise CorruptionError(
                f"Expected images whose channels differ from their sides, got the shape {shape}, which has 3 at "
                "both ends of an image: give images of at least 32 x 32 pixels."
            )
        if first or last:
            return first, len(shape) == 3
    stack = "torch.stack([image] * 3, dim=-3)" if kind == "tensor" else "np.stack([image] * 3, axis=-1)"
    fix = {
        "grey": f"stack a grey image three times, {stack}",
        "alpha": "drop an alpha channel, image[..., :3] or image[:3]",
        "video": "corrupt the frames of a video one by one, each with its id",
        "other": f"pass {ACCEPTED}",
    }[_cause(shape)]
    raise CorruptionError(f"Expected {ACCEPTED}, got {_article(kind)} of shape {shape}: {fix}.")


def _cause(shape: tuple[int, ...]) -> str:
    """Why a shape has no channels."""
    if len(shape) == 2 or (len(shape) in (3, 4) and 1 in (shape[-1], shape[-3])):
        return "grey"
    if len(shape) in (3, 4) and 4 in (shape[-1], shape[-3]):
        return "alpha"
    return "video" if len(shape) == 5 else "other"


def _article(kind: str) -> str:
    return f"an {kind}" if kind == "array" else f"a {kind}"


def _check_kind(dtype: str, levels: bool, floating: bool) -> None:
    if not (levels or floating):
        raise CorruptionError(
            f"Expected uint8 images, or floating ones in [0, 1], got {dtype}: convert them to uint8, or divide them by "
            "their white level."
        )


def _check_range(images: Tensor) -> None:
    """Raise CorruptionError with the likely cause where floating values are far outside of [0, 1].

    What is a little outside is the base class's error.
    """
    if not images.is_floating_point() or images.numel() == 0 or in_unit_range(images):
        return
    low, high = (float(value) for value in images.aminmax())
    if low < 0:
        fix = "corrupt images before they are normalised by mean and standard deviation"
    elif high > 1:
        fix = "divide them by 255, or convert them to uint8" if high <= 255 else "divide them by their white level"
    else:
        return
    raise CorruptionError(f"Expected floating images in [0, 1], got values from {low:g} to {high:g}: {fix}.")


def _is_pil(value: object) -> bool:
    return any(base.__module__ == "PIL.Image" and base.__name__ == "Image" for base in type(value).__mro__)


def _wrong_type(images: object) -> CorruptionError:
    kind = type(images).__name__
    if isinstance(images, (str, bytes)) or hasattr(images, "__fspath__"):
        fix = "open a file by PIL.Image.open(path); the image comes first, then the name of the corruption"
    elif isinstance(images, (list, tuple)):
        fix = "stack images of one size, np.stack(images), with an id for each, or corrupt them one by one"
    else:
        fix = f"pass {ACCEPTED}"
    return CorruptionError(f"Expected {ACCEPTED}, got {kind}: {fix}.")
