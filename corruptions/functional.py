"""Corruption of images in one call: tensors or arrays, 8-bit or floating."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import Corruption, check_frames, check_severity, scale_lengths
from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.kernels.color.levels import from_bytes
from robustbench_endo.corruptions.kernels.color.levels import to_bytes as values_to_bytes
from robustbench_endo.corruptions.rng import Noise, image_key
from robustbench_endo.corruptions.suite import Suite
from robustbench_endo.corruptions.suite_file import load_suite

Images = TypeVar("Images", Tensor, NDArray[np.uint8])


def corrupt(
    images: Images,
    name: str,
    severity: int,
    ids: Sequence[str] | str | None = None,
    seed: int = 0,
    suite: str | Path | Suite = "endo19",
) -> Images:
    """Corrupt images at their size.

    Args:
        images: a tensor (B, 3, H, W), floating in [0, 1] or uint8, or an array (H, W, 3) or (B, H, W, 3) of uint8.
        name: a corruption of the suite.
        severity: 0 (identity) to 5.
        ids: one stable name per image; with ``seed`` they determine all randomness. Optional for a single array
            (``"image"`` by default), for which it may be one string.
        seed: random seed.
        suite: a suite, its name, or the path of its TOML file.

    Returns:
        A new object of the shape, type and device of ``images``; 8-bit values are rounded to the nearest level, ties
        to even.

    Raises:
        UnknownNameError: unknown corruption or suite.
        CorruptionError: invalid severity; wrong shape, type or range; ids missing or not distinct.

    >>> import numpy as np
    >>> from robustbench_endo.corruptions import corrupt
    >>> image = np.full((48, 64, 3), 128, np.uint8)
    >>> corrupt(image, "gaussian_noise", 3, ids="frame_1.png")[0, 0]
    array([133, 114,  98], dtype=uint8)
    """
    loaded = suite if isinstance(suite, Suite) else load_suite(suite)
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
    return to_bytes(loaded.corrupt(images.float() / 255, name, severity, names, seed).images)


def to_bytes(images: Tensor) -> Tensor:
    """Convert values in [0, 1] to uint8: the nearest of 256 levels, ties to even.

    >>> import torch
    >>> from robustbench_endo.corruptions import to_bytes
    >>> to_bytes(torch.tensor([0.0, 0.25, 1.0]))
    tensor([  0,  64, 255], dtype=torch.uint8)
    """
    return (images * 255).round().to(torch.uint8)


def _corrupt_array(
    images: NDArray[Any], name: str, severity: int, ids: Sequence[str] | str | None, seed: int, suite: Suite
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
    corrupted = _corrupt_levels(frames, suite.get(name), severity, names, seed, suite.reference_size)
    if corrupted is None:
        batch = torch.from_numpy(from_bytes(frames))
        corrupted = values_to_bytes(suite.corrupt(batch, name, severity, names, seed).images.numpy())
    return corrupted[0] if single else corrupted


def _corrupt_levels(
    frames: NDArray[np.uint8],
    corruption: Corruption,
    severity: int,
    ids: Sequence[str],
    seed: int,
    reference_size: int | None,
) -> NDArray[np.uint8] | None:
    """The corrupted frames without values between; None where the corruption or its parameters need them."""
    if severity == 0 or type(corruption).apply_bytes is Corruption.apply_bytes:
        return None
    check_severity(severity, corruption.name)
    check_frames(frames, ids)
    params = scale_lengths(corruption.severities[severity - 1], frames.shape[1:3], reference_size)
    results = []
    for frame, image_id in zip(frames, ids, strict=True):
        key = image_key(seed, image_id, corruption.name, severity)
        result = corruption.apply_bytes(frame, params, Noise((key,), torch.device("cpu")))
        if result is None:
            return None
        results.append(result)
    return np.stack(results) if len(results) > 1 else results[0][None]


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
