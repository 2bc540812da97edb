"""The same effects in albumentations, OpenCV and kornia, at the strength of endo19, lengths in pixels of the image.

``peers(name, severity, array)`` are functions without arguments that corrupt one 8-bit image (H, W, 3); kornia works on
floating tensors, whose conversion is not counted. The contrast of albumentations is that of ``ColorJitter``, which
mixes with the mean of the frame as ours does; ``RandomBrightnessContrast`` multiplies all values by one factor.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

Call = Callable[[], Any]

STD = (0.08, 0.12, 0.18, 0.26, 0.38)
SHARE = (0.03, 0.06, 0.09, 0.17, 0.27)
SPECKLE = (0.15, 0.2, 0.35, 0.45, 0.6)
PHOTONS = (60, 25, 12, 5, 3)
RADIUS = (3, 4, 6, 8, 10)
SIGMA = (1.0, 2.0, 3.0, 4.0, 6.0)
ZOOM = (1.06, 1.11, 1.16, 1.23, 1.31)
QUALITY = (25, 18, 15, 10, 7)
SCALE = (0.6, 0.5, 0.4, 0.3, 0.25)
LENGTH = (7, 9, 13, 17, 21)
FACTOR = (0.85, 0.7, 0.55, 0.4, 0.28)
STOPS = (0.7, 1.1, 1.5, 1.9, 2.3)


def peers(name: str, severity: int, array: np.ndarray) -> dict[str, Call]:
    """The calls of each installed package that has an effect like ``name``."""
    sides = {"albumentations": _albumentations, "OpenCV": _opencv, "kornia": _kornia}
    modules = {"albumentations": "albumentations", "OpenCV": "cv2", "kornia": "kornia"}
    calls = {}
    for side, create in sides.items():
        if find_spec(modules[side]) is not None:
            call = create(name, severity - 1, array)
            if call is not None:
                calls[side] = call
    return calls


def _albumentations(name: str, level: int, array: np.ndarray) -> Call | None:
    a = importlib.import_module("albumentations")
    share = {"per_channel": True, "noise_scale_factor": 1.0, "p": 1}
    sigma, radius, scale = SIGMA[level], RADIUS[level], SCALE[level]
    create: dict[str, Call] = {
        "gaussian_noise": lambda: a.GaussNoise(std_range=(STD[level],) * 2, **share),
        "shot_noise": lambda: a.ShotNoise(scale_range=(1 / PHOTONS[level],) * 2, p=1),
        "impulse_noise": lambda: a.SaltAndPepper(amount=(SHARE[level],) * 2, p=1),
        "speckle_noise": lambda: a.MultiplicativeNoise(
            multiplier=(1 - SPECKLE[level], 1 + SPECKLE[level]), per_channel=True, elementwise=True, p=1
        ),
        "defocus_blur": lambda: a.Defocus(radius=(radius,) * 2, alias_blur=(0.5, 0.5), p=1),
        "gaussian_blur": lambda: a.GaussianBlur(blur_limit=0, sigma_limit=(sigma,) * 2, p=1),
        "glass_blur": lambda: a.GlassBlur(sigma=0.7, max_delta=2, iterations=2, p=1),
        "motion_blur": lambda: a.MotionBlur(blur_limit=(LENGTH[level],) * 2, p=1),
        "zoom_blur": lambda: a.ZoomBlur(max_factor=(ZOOM[level],) * 2, step_factor=(0.01, 0.01), p=1),
        "brightness": lambda: a.RandomBrightnessContrast((0.1 * level + 0.1,) * 2, (0, 0), p=1),
        "contrast": lambda: a.ColorJitter((1, 1), (FACTOR[level],) * 2, (1, 1), (0, 0), p=1),
        "gamma_correction": lambda: a.RandomGamma((60, 60), p=1),
        "saturate": lambda: a.HueSaturationValue((0, 0), (20 * level + 20,) * 2, (0, 0), p=1),
        "smoke": lambda: a.RandomFog(fog_coef_range=(0.5, 0.5), p=1),
        "spatter": lambda: a.Spatter(p=1),
        "elastic_transform": lambda: a.ElasticTransform(alpha=60, sigma=12, p=1),
        "jpeg_compression": lambda: a.ImageCompression(quality_range=(QUALITY[level],) * 2, p=1),
        "pixelate": lambda: a.Downscale(
            scale_range=(scale, scale), interpolation_pair={"downscale": 3, "upscale": 0}, p=1
        ),
    }
    if name not in create:
        return None
    transform = create[name]()
    return lambda: transform(image=array)


def _opencv(name: str, level: int, array: np.ndarray) -> Call | None:
    cv2 = importlib.import_module("cv2")
    cv2.setNumThreads(1)
    height, width = array.shape[:2]
    levels = np.arange(256) / 255.0
    reach = RADIUS[level]
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disk = (x**2 + y**2 <= reach**2).astype(np.float32)
    line = np.zeros((LENGTH[level],) * 2, np.float32)
    np.fill_diagonal(line, 1 / LENGTH[level])
    noise = np.empty(array.shape, np.int16)
    factor = FACTOR[level]
    small = (round(width * SCALE[level]), round(height * SCALE[level]))

    def gaussian_noise() -> Any:
        cv2.randn(noise, 0, 255 * STD[level])
        return cv2.add(array, noise, dtype=cv2.CV_8U)

    def saturate() -> Any:
        hsv = cv2.cvtColor(array, cv2.COLOR_RGB2HSV)
        hsv[..., 1] = cv2.LUT(hsv[..., 1], np.clip(np.arange(256) * 2, 0, 255).astype(np.uint8))
        return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)

    def contrast() -> Any:
        mean = sum(cv2.mean(array)[:3]) / 765
        return cv2.LUT(array, (255 * (mean + factor * (levels - mean))).astype(np.uint8))

    def zoom_blur() -> Any:
        total = array.astype(np.float32)
        factors = np.arange(1.0, ZOOM[level], 0.01)
        for factor in factors:
            rows, columns = int(height / factor), int(width / factor)
            crop = array[(height - rows) // 2 :, (width - columns) // 2 :][:rows, :columns]
            cv2.accumulate(cv2.resize(crop, (width, height)), total)
        return (total / (len(factors) + 1)).astype(np.uint8)

    calls: dict[str, Call] = {
        "gaussian_noise": gaussian_noise,
        "defocus_blur": lambda: cv2.filter2D(array, -1, disk / disk.sum()),
        "gaussian_blur": lambda: cv2.GaussianBlur(array, (0, 0), SIGMA[level]),
        "motion_blur": lambda: cv2.filter2D(array, -1, line),
        "zoom_blur": zoom_blur,
        "brightness": lambda: cv2.LUT(array, (255 * (levels * 2 ** STOPS[level]).clip(0, 1)).astype(np.uint8)),
        "contrast": contrast,
        "gamma_correction": lambda: cv2.LUT(array, (255 * levels**0.6).astype(np.uint8)),
        "saturate": saturate,
        "jpeg_compression": lambda: cv2.imdecode(cv2.imencode(".jpg", array, [1, QUALITY[level]])[1], 1),
        "pixelate": lambda: cv2.resize(
            cv2.resize(array, small, interpolation=cv2.INTER_AREA), (width, height), interpolation=cv2.INTER_NEAREST
        ),
    }
    return calls.get(name)


def _kornia(name: str, level: int, array: np.ndarray) -> Call | None:
    enhance, filters = importlib.import_module("kornia.enhance"), importlib.import_module("kornia.filters")
    images = torch.from_numpy(array).permute(2, 0, 1)[None].float().div(255).contiguous()
    taps, sigma = 2 * round(4 * SIGMA[level]) + 1, SIGMA[level]
    calls: dict[str, Call] = {
        "gaussian_noise": lambda: (images + STD[level] * torch.randn_like(images)).clamp(0, 1),
        "gaussian_blur": lambda: filters.gaussian_blur2d(images, (taps, taps), (sigma, sigma)),
        "motion_blur": lambda: filters.motion_blur(images, LENGTH[level], 45.0, 0.0),
        "brightness": lambda: enhance.adjust_brightness(images, 0.1 * level + 0.1),
        "contrast": lambda: enhance.adjust_contrast_with_mean_subtraction(images, FACTOR[level]),
        "gamma_correction": lambda: enhance.adjust_gamma(images, 0.6),
        "saturate": lambda: enhance.adjust_saturation(images, 2.0),
    }
    return calls.get(name)
