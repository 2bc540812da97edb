"""Whether SSIM, PSNR and GMSD of the corruptions change at each step of the severity, as a mean and per frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from realism_frames import Frames
from scipy.ndimage import convolve, uniform_filter

from robustbench_endo.corruptions import CORRUPTIONS, SEVERITIES, Corruption
from robustbench_endo.metrics import CleanReference

SIGNS = {"ssim": -1, "psnr": -1, "gmsd": 1}
"""Direction of each measure from a severity to the next."""

_PREWITT = np.array([[1, 0, -1]] * 3) / 3
_C = 0.0026  # for levels in [0, 1]; 170 for levels in [0, 255]


def severity_order(frames: Frames) -> dict[str, dict[str, Any]]:
    """Per corruption and measure: means, whether they are strictly monotone, and the steps of frames that are not."""
    items = list(frames)
    return {
        corruption.name: {name: _summary(np.array([row[name] for row in rows]), sign) for name, sign in SIGNS.items()}
        for corruption in CORRUPTIONS
        for rows in [[_measures(corruption, *item) for item in items]]
    }


def _summary(values: np.ndarray, sign: int) -> dict[str, Any]:
    """Of values (frames, severities)."""
    means = values.mean(0)
    steps = sign * np.diff(values, axis=1)
    return {
        "mean": [round(float(mean), 5) for mean in means],
        "monotone": bool((sign * np.diff(means) > 0).all()),
        "violations": int((steps <= 0).sum()),
        "steps": steps.size,
    }


def _measures(corruption: Corruption, image_id: str, frame: np.ndarray) -> dict[str, list[float]]:
    clean = torch.from_numpy(frame).permute(2, 0, 1)[None].float() / 255
    reference = CleanReference(clean)
    images = [corruption(clean, severity, [image_id]).images for severity in SEVERITIES]
    return {
        "ssim": [float(reference.ssim(image)) for image in images],
        "psnr": [float(reference.psnr(image)) for image in images],
        "gmsd": [gradient_deviation(clean[0].numpy(), image[0].numpy()) for image in images],
    }


def gradient_deviation(first: np.ndarray, second: np.ndarray) -> float:
    """Gradient magnitude similarity deviation (Xue et al., 2014) of two images (3, H, W) in [0, 1]; 0 = equal."""
    a, b = (_gradient(image) for image in (first, second))
    similarity = (2 * a * b + _C) / (a * a + b * b + _C)
    return float(similarity.std())


def _gradient(image: np.ndarray) -> np.ndarray:
    luma = np.tensordot((0.299, 0.587, 0.114), image, 1)
    half = uniform_filter(luma, 2)[::2, ::2]
    return np.hypot(convolve(half, _PREWITT), convolve(half, _PREWITT.T))
