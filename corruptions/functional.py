"""One call for pictures as they come: tensors or arrays, bytes or floats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.kernels.color.levels import from_bytes
from robustbench_endo.corruptions.kernels.color.levels import to_bytes as levels_to_bytes
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
    """CorruptedBatch pictures at the size they have; the same kind comes back.

    Args:
        images: a tensor (B, 3, H, W), floating in [0, 1] or uint8, or an array (H, W, 3) or (B, H, W, 3) of uint8.
        name: a corruption of the suite.
        severity: 0 (identity) to 5.
        ids: one stable name an image; with ``seed`` they decide all randomness. A single array may do without
            ("image"), or be given one string.
        suite: a suite, its name, or a path to its TOML file.

    Returns:
        A new object of the shape, type and device of ``images``; bytes are rounded to the nearest level, ties to even.

    Raises:
        CorruptionError: unknown name, severity, suite; wrong shape, type or range; ids missing or not different.
    """
    chosen = suite if isinstance(suite, Suite) else load_suite(suite)
    if isinstance(images, np.ndarray):
        return _corrupt_array(images, name, severity, ids, seed, chosen)
    if not isinstance(images, Tensor):
        raise CorruptionError(
            f"Expected a tensor (B, 3, H, W) or a uint8 array (H, W, 3), got {type(images).__name__}."
        )
    if ids is None:
        raise _missing_ids(len(images))
    names = [ids] if isinstance(ids, str) else ids
    if images.dtype != torch.uint8:
        return chosen.corrupt(images, name, severity, names, seed).images
    damaged = chosen.corrupt(images.float() / 255, name, severity, names, seed).images
    return to_bytes(damaged)


def to_bytes(images: Tensor) -> Tensor:
    """Values in [0, 1] as uint8: the nearest of 256 levels, ties to even."""
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
    batch = torch.from_numpy(from_bytes(images[None] if single else images))
    damaged = levels_to_bytes(suite.corrupt(batch, name, severity, names, seed).images.numpy())
    return damaged[0] if single else damaged


def _missing_ids(count: int) -> CorruptionError:
    return CorruptionError(
        f"Expected ids, one stable name for each of the {count} images, got none: "
        "they make every image's noise its own and reproducible."
    )
