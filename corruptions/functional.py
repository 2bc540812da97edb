"""Corruption of images in one call: tensors or arrays, 8-bit or floating."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import CorruptedBatch
from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.image_types import ImageBatch, read_images
from robustbench_endo.corruptions.kernels.color.levels import from_bytes
from robustbench_endo.corruptions.kernels.color.levels import to_bytes as values_to_bytes
from robustbench_endo.corruptions.suite import Suite
from robustbench_endo.corruptions.suite_file import load_suite, with_parameters
from robustbench_endo.corruptions.surround import Areas

if TYPE_CHECKING:
    import PIL.Image

Images = TypeVar("Images", bound="Tensor | NDArray[Any] | PIL.Image.Image")
"""An image or a batch of images; a call returns the type that it gets."""


def corrupt(
    images: Images,
    name: str,
    severity: float,
    ids: Sequence[str] | str | None = None,
    seed: int = 0,
    suite: str | Path | Suite = "endo19",
    parameters: Mapping[str, Any] | None = None,
) -> Images:
    """Corrupt images at their size.

    Args:
        images: an RGB image of PIL, or an array or tensor, uint8 or floating in [0, 1]: (H, W, 3), (3, H, W), or a
            batch of images (B, H, W, 3) or (B, 3, H, W).
        name: a corruption of the suite.
        severity: 0 (identity), or 1 to 5; between whole numbers, parameters are interpolated.
        ids: one stable name per image; with ``seed`` they determine all randomness. Optional for a single image
            (``"image"`` by default), for which it may be one string.
        seed: random seed.
        suite: a suite, its name, or the path of its TOML file.
        parameters: values that replace those of the severity, such as ``{"bitrate": 2000.0}`` of video_compression in
            the suite endo-surgical.

    Returns:
        A new object of the class, shape, type and device of ``images``; 8-bit values are rounded to the nearest level,
        ties to even. The pixels depend on neither class nor layout.

    Raises:
        UnknownNameError: unknown corruption, suite or parameter.
        CorruptionError: invalid severity or parameter; wrong shape, type or range; ids missing or not distinct.

    >>> import numpy as np
    >>> from robustbench_endo.corruptions import corrupt
    >>> image = np.full((48, 64, 3), 128, np.uint8)
    >>> corrupt(image, "gaussian_noise", 3, ids="frame_1.png")[0, 0]
    array([196, 157, 227], dtype=uint8)
    """
    batch = read_images(images)
    names = _check_ids(ids, batch)
    severity, seed = _check_numbers(severity, seed, name)
    loaded = suite if isinstance(suite, Suite) else load_suite(suite)
    if parameters is not None:
        loaded = with_parameters(loaded, name, parameters)
    if isinstance(batch.pixels, np.ndarray):
        corrupted: Any = _corrupt_frames(batch.pixels, loaded, name, severity, names, seed)
    elif batch.pixels.dtype == torch.uint8:
        corrupted = corrupt_levels(batch.pixels, loaded, name, severity, names, seed).images
    else:
        corrupted = loaded.corrupt(batch.pixels, name, severity, names, seed).images
    result: Images = batch.restore(corrupted)
    return result


def to_bytes(images: Tensor) -> Tensor:
    """Convert values in [0, 1] to uint8: the nearest of 256 levels, ties to even.

    >>> import torch
    >>> from robustbench_endo.corruptions import to_bytes
    >>> to_bytes(torch.tensor([0.0, 0.25, 1.0]))
    tensor([  0,  64, 255], dtype=torch.uint8)
    """
    return (images * 255).round().to(torch.uint8)


def corrupt_levels(
    levels: Tensor,
    suite: Suite,
    name: str,
    severity: float,
    ids: Sequence[str],
    seed: int = 0,
    replicate: int = 0,
    areas: Areas | None = None,
) -> CorruptedBatch:
    """Corrupt images of 8-bit levels, with values between the levels only where the corruption needs them.

    Args:
        levels: uint8 (B, 3, H, W), any device.
        suite: the suite of the corruption.
        name: see :meth:`.suite.Suite.corrupt`, as the other arguments.

    Returns:
        The corrupted batch, whose images are uint8 (B, 3, H, W), rounded to the nearest level, ties to even.

    Raises:
        UnknownNameError: no such corruption.
        CorruptionError: wrong size, severity or ids.
    """
    if levels.device.type == "cpu":
        frames = levels.permute(0, 2, 3, 1).contiguous().numpy()
        corrupted = suite.corrupt_bytes(frames, name, severity, ids, seed, replicate, areas)
        if corrupted is not None:
            return CorruptedBatch(torch.from_numpy(corrupted).permute(0, 3, 1, 2).contiguous())
    batch = suite.corrupt(levels.float() / 255, name, severity, ids, seed, replicate, areas)
    return dataclasses.replace(batch, images=to_bytes(batch.images))


def _corrupt_frames(
    frames: NDArray[np.uint8], suite: Suite, name: str, severity: float, ids: Sequence[str], seed: int
) -> NDArray[np.uint8]:
    """:func:`corrupt_levels` of frames (B, H, W, 3), which are not rearranged if bytes are enough."""
    corrupted = suite.corrupt_bytes(frames, name, severity, ids, seed)
    if corrupted is None:
        batch = torch.from_numpy(from_bytes(frames))
        corrupted = values_to_bytes(suite.corrupt(batch, name, severity, ids, seed).images.numpy())
    return corrupted


def _check_ids(ids: Any, batch: ImageBatch) -> Sequence[str]:
    if ids is None and batch.single:
        return ["image"]
    if ids is None:
        raise CorruptionError(
            f"Expected ids, one stable name for each of the {len(batch.pixels)} images, got none: "
            "they make the noise of every image independent and reproducible."
        )
    names = [ids] if isinstance(ids, str) else list(ids) if isinstance(ids, Iterable) else [ids]
    if wrong := [name for name in names if not isinstance(name, str)]:
        raise CorruptionError(f"Expected ids to be texts, got {wrong[0]!r}: give stable names such as file names.")
    return names


def _check_numbers(severity: Any, seed: Any, name: object) -> tuple[float, int]:
    """Severity and seed as numbers of Python; the range of the severity is checked by the corruption."""
    if not isinstance(name, str):
        raise CorruptionError(
            f"Expected the name of a corruption, got {name!r}: write corrupt(image, 'smoke', 3), the image first, then "
            "the name and the severity."
        )
    if isinstance(severity, bool) or not isinstance(severity, Real):
        raise CorruptionError(f"Expected severity to be a number from 0 to 5, got {severity!r}: give one such as 3.")
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise CorruptionError(f"Expected seed to be a whole number, got {seed!r}: give one such as 0.")
    return int(severity) if isinstance(severity, Integral) else float(severity), int(seed)


def list_corruptions(suite: str | Path = "endo19") -> list[str]:
    """Names of the corruptions of a suite, in the order of the paper's Table VII.

    >>> list_corruptions()[:3]
    ['gaussian_noise', 'shot_noise', 'impulse_noise']
    """
    return list(load_suite(suite).select("all"))
