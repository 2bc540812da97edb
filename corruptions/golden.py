"""The checksum of every corruption, with which an installation is tested: see ``robust-endo verify --self-test``."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.corruptions.functional import corrupt
from robustbench_endo.corruptions.registry import CORRUPTIONS

GOLDEN = Path(__file__).with_name("golden.json")
SEVERITY = 3

_STEP = 16  # weights are multiples of 1/16: exact arithmetic, so that the frame is the same on every machine


def textured_frame(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth colours under fine grain, uint8 (height, width, 3); both sides multiples of 16."""
    random = np.random.default_rng(seed)
    nodes = random.integers(20, 236, (height // _STEP + 1, width // _STEP + 1, 3)).astype(np.float64)
    smooth = _interpolate(_interpolate(nodes, axis=0), axis=1)
    grain = random.integers(-12, 13, (height, width, 3))
    return np.clip(np.floor(smooth) + grain, 0, 255).astype(np.uint8)


def _interpolate(nodes: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    position = np.arange((nodes.shape[axis] - 1) * _STEP)
    node = position // _STEP
    weight = np.expand_dims((position % _STEP) / _STEP, tuple(range(1, nodes.ndim)))
    lines = np.moveaxis(nodes, axis, 0)
    return np.moveaxis(lines[node] * (1 - weight) + lines[node + 1] * weight, 0, axis)


def checksums() -> dict[str, str]:
    """SHA-256 (first 16 hex digits) of each corruption's bytes, suite endo19, severity 3, seed 0."""
    frame = textured_frame(96, 128)
    return {
        item.name: hashlib.sha256(corrupt(frame, item.name, SEVERITY, "golden").tobytes()).hexdigest()[:16]
        for item in CORRUPTIONS
    }


def recorded_checksums() -> dict[str, str]:
    """The checksums that :func:`checksums` has to return on a CPU."""
    recorded: dict[str, str] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return recorded
