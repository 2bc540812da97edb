"""Which evaluated corruptions a transform resembles: who trains with it must not boast of robustness to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from robustbench_endo.training.augmentation.pipeline_file import Entry

_BLURS = ("gaussian_blur", "defocus_blur")

OVERLAPPING: dict[str, tuple[str, ...]] = {
    "AdditiveNoise": ("gaussian_noise",),
    "AdvancedBlur": (*_BLURS, "motion_blur"),
    "AutoContrast": ("contrast", "brightness"),
    "Blur": _BLURS,
    "CLAHE": ("contrast", "brightness"),
    "Defocus": _BLURS,
    "Downscale": ("pixelate",),
    "ElasticTransform": ("elastic_transform",),
    "Equalize": ("contrast", "brightness"),
    "FDA": ("contrast", "brightness"),
    "GaussNoise": ("gaussian_noise",),
    "GaussianBlur": _BLURS,
    "GlassBlur": ("glass_blur",),
    "GridElasticDeform": ("elastic_transform",),
    "GridDistortion": ("elastic_transform",),
    "HistogramMatching": ("contrast", "brightness"),
    "ISONoise": ("gaussian_noise", "shot_noise"),
    "ImageCompression": ("jpeg_compression",),
    "MedianBlur": _BLURS,
    "MotionBlur": ("motion_blur",),
    "MultiplicativeNoise": ("speckle_noise",),
    "PiecewiseAffine": ("elastic_transform",),
    "PixelDistributionAdaptation": ("contrast", "brightness"),
    "PixelDropout": ("impulse_noise",),
    "PlasmaBrightnessContrast": ("contrast", "brightness"),
    "PlasmaShadow": ("brightness",),
    "RandomFog": ("smoke", "contrast"),
    "RandomGamma": ("gamma_correction", "brightness"),
    "RandomRain": ("spatter",),
    "RandomShadow": ("brightness",),
    "RandomSnow": ("brightness",),
    "RandomSunFlare": ("brightness",),
    "RandomToneCurve": ("contrast", "gamma_correction"),
    "SaltAndPepper": ("impulse_noise",),
    "ShotNoise": ("shot_noise",),
    "Spatter": ("spatter", "bleeding"),
    "Superpixels": ("pixelate",),
    "ThinPlateSpline": ("elastic_transform",),
    "ToGray": ("saturate",),
    "ToSepia": ("saturate",),
    "ZoomBlur": ("zoom_blur",),
}
"""Transforms of albumentations -> evaluated corruptions, whatever the parameters."""

OVERLAPPING_PARAMETERS: dict[str, dict[str, tuple[str, ...]]] = {
    "ColorJitter": {"brightness": ("brightness",), "contrast": ("contrast",), "saturation": ("saturate",)},
    "HEStain": {"intensity_scale_range": ("saturate",), "intensity_shift_range": ("brightness",)},
    "HueSaturationValue": {"sat_shift_limit": ("saturate",), "val_shift_limit": ("brightness",)},
    "Illumination": {"intensity_range": ("brightness",)},
    "RGBShift": {"r_shift_limit": ("brightness",), "g_shift_limit": ("brightness",), "b_shift_limit": ("brightness",)},
    "RandomBrightnessContrast": {"brightness_limit": ("brightness",), "contrast_limit": ("contrast",)},
}
"""Transforms -> parameter -> evaluated corruptions, unless the parameter is set so that it changes nothing."""

_NEUTRAL = (0, (0, 0), (1, 1))


def resembled(entries: tuple[Entry, ...]) -> tuple[str, ...]:
    """Names of the evaluated corruptions that the entries resemble, sorted; an entry with p = 0 counts for nothing."""
    return tuple(sorted({name for entry in entries if entry.probability > 0 for name in _of(entry)}))


def _of(entry: Entry) -> set[str]:
    by_parameter = OVERLAPPING_PARAMETERS.get(entry.name, {})
    active = {name for key, names in by_parameter.items() if not _neutral(entry.parameters, key) for name in names}
    return active | set(OVERLAPPING.get(entry.name, ()))


def _neutral(parameters: Mapping[str, Any], key: str) -> bool:
    """Whether a parameter is given and changes nothing; the library's own default always changes something."""
    return key in parameters and parameters[key] in _NEUTRAL
