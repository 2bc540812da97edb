"""Fog and smoke of other packages, at the strengths that they have by default."""

from __future__ import annotations

import importlib
import zlib
from importlib.util import find_spec

import numpy as np

from robustbench_endo.realism.comparison import Synthesis

POOLED = (2, 3, 4)

MODULES = {
    "imagecorruptions fog 2-4": "imagecorruptions",
    "albumentations RandomFog": "albumentations",
    "nrtk Haze": "nrtk",
    "CaRTS smoke": "carts",
}
"""Column of the table -> module."""


def missing() -> list[str]:
    """The columns whose package is not installed."""
    return [name for name, module in MODULES.items() if find_spec(module) is None]


def syntheses() -> dict[str, list[Synthesis]]:
    """Column -> the syntheses that are pooled in it, of the installed packages that have one here."""
    columns = {}
    if find_spec("imagecorruptions") is not None:
        columns["imagecorruptions fog 2-4"] = [_imagecorruptions(severity) for severity in POOLED]
    if find_spec("albumentations") is not None:
        columns["albumentations RandomFog"] = [_random_fog]
    return columns


def _imagecorruptions(severity: int) -> Synthesis:
    package = importlib.import_module("imagecorruptions")

    def fog(frame: np.ndarray, image_id: str) -> np.ndarray:
        np.random.seed(zlib.crc32(image_id.encode()))  # noqa: NPY002 the package has no other source of noise
        result: np.ndarray = package.corrupt(frame, severity=severity, corruption_name="fog").astype(np.uint8)
        return result

    return fog


def _random_fog(frame: np.ndarray, image_id: str) -> np.ndarray:
    package = importlib.import_module("albumentations")
    transform = package.Compose([package.RandomFog(p=1)], seed=zlib.crc32(image_id.encode()))
    result: np.ndarray = transform(image=frame)["image"]
    return result
