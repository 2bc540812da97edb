"""Corruption of images in one call: tensors or arrays, 8-bit or floating."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import CorruptedBatch
from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.kernels.color.levels import from_bytes
from robustbench_endo.corruptions.kernels.color.levels import to_bytes as values_to_bytes
from robustbench_endo.corruptions.suite import Suite
from robustbench_endo.corruptions.suite_file import load_suite, with_parameters
from robustbench_endo.corruptions.surround import Areas

Images = TypeVar("Images", Tensor, NDArray[np.uint8])


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
        images: a tensor (B, 3, H, W), floating in [0, 1] or uint8, or an array (H, W, 3) or (B, H, W, 3) of uint8.
        name: a corruption of the suite.
        severity: 0 (identity), or 1 to 5; between whole numbers, parameters are interpolated.
        ids: one stable name per image; with ``seed`` they determine all randomness. Optional for a single array
            (``"image"`` by default), for which it may be one string.
        seed: random seed.
        suite: a suite, its name, or the path of its TOML file.
        parameters: values that replace those of the severity, such as ``{"bitrate": 2000.0}`` of video_compression in
            the suite endo-surgical.

    Returns:
        A new object of the shape, type and device of ``images``; 8-bit values are rounded to the nearest level, ties
        to even.

    Raises:
        UnknownNameError: unknown corruption, suite or parameter.
        CorruptionError: invalid severity or parameter; wrong shape, type or range; ids missing or not distinct.

    >>> import numpy as np
    >>> from robustbench_endo.corruptions import corrupt
    >>> image = np.full((48, 64, 3), 128, np.uint8)
    >>> corrupt(image, "gaussian_noise", 3, ids="frame_1.png")[0, 0]
    array([196, 157, 227], dtype=uint8)
    """
    loaded = suite if isinstance(suite, Suite) else load_suite(suite)
    if parameters is not None:
        loaded = with_parameters(loaded, name, parameters)
    if isinstance(images, np.ndarray):
        return _corrupt_array(images, name, severity, ids, seed, loaded)
    if not isinstance(images, Tensor):
        raise CorruptionError(
            f"Expected a tensor (B, 3, H, W) or a uint8 array (H, W, 3), got {type(images).__name__}."
        )
    if ids is None:
        raise _missing_ids(len(images))
    names = [ids] if isinstance(ids, str) else ids
    if images.dtype != torch.uint8:
        return loaded.corrupt(images, name, severity, names, seed).images
    return corrupt_levels(images, loaded, name, severity, names, seed).images


def to_bytes(images: Tensor) -> Tensor:
    """Convert values in [0, 1] to uint8: the nearest of 256 levels, ties to even.

    >>> import torch
    >>> from robustbench_endo.corruptions import to_bytes
    >>> to_bytes(torch.tensor([0.0, 0.25, 1.0]))
    tensor([  0,  64, 255], dtype=torch.uint8)
    """
    return (images * 255).round().to(torch.uint8)


def _corrupt_array(
    images: NDArray[Any], name: str, severity: float, ids: Sequence[str] | str | None, seed: int, suite: Suite
) -> NDArray[np.uint8]:
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or images.shape[-1] != 3:
        raise CorruptionError(
            f"Expected a uint8 array (H, W, 3) or (B, H, W, 3), got {images.dtype} {images.shape}: "
            "stack a grey image three times, drop an alpha channel."
        )
    single = images.ndim == 3
    if ids is None and not single:
        raise _missing_ids(len(images))
    names = [ids] if isinstance(ids, str) else ids or ["image"]
    frames = images[None] if single else images
    corrupted = _corrupt_frames(frames, suite, name, severity, names, seed)
    return corrupted[0] if single else corrupted


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


def _missing_ids(count: int) -> CorruptionError:
    return CorruptionError(
        f"Expected ids, one stable name for each of the {count} images, got none: "
        "they make the noise of every image independent and reproducible."
    )


def list_corruptions(suite: str | Path = "endo19") -> list[str]:
    """Names of the corruptions of a suite, in the order of the paper's Table VII.

    >>> list_corruptions()[:3]
    ['gaussian_noise', 'shot_noise', 'impulse_noise']
    """
    return list(load_suite(suite).select("all"))
