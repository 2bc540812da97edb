"""From a name or a file to a function of (image, mask, seed)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.training.augmentation.augmix import Mixing, mixed
from robustbench_endo.training.augmentation.entries import albumentations_library, transforms
from robustbench_endo.training.augmentation.pipeline_file import Entry, Pipeline, read_pipeline

Augment = Callable[[NDArray[np.uint8], NDArray[np.uint8], int], tuple[NDArray[np.uint8], NDArray[np.uint8]]]
"""(image (H, W, 3), mask (H, W), seed) -> the same two, changed; a pure function of its arguments."""

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


def augmentation(name_or_file: str, augmix: bool | Mixing = False) -> Augment | None:
    """The augmentation of that name or file; None where nothing would be changed.

    Args:
        name_or_file: `surgical`, `light`, `none`, or a file ending in .toml (see docs/training_data.md).
        augmix: whether the frame is mixed with chains of operations afterwards: True for the file's own [mixing] table
            (or the defaults), or other settings. The mask is that of the pipeline: mixing moves nothing.

    Raises:
        UnknownNameError: no augmentation is called that.
        TrainingError: a file that is no pipeline, or transforms that albumentations does not have or take.
        OptionalDependencyError: albumentations is not installed.
    """
    pipeline = read_pipeline(name_or_file)
    first = _seeded(pipeline) if pipeline.entries else None
    settings = augmix if isinstance(augmix, Mixing) else (pipeline.mixing or Mixing()) if augmix else None
    return first if settings is None else _then_mixed(first, settings)


def overlaps(name_or_file: str) -> tuple[str, ...]:
    """Names of the evaluated corruptions that the pipeline resembles, sorted; mixing adds none.

    Raises:
        UnknownNameError, TrainingError: see :func:`augmentation`.
    """
    return resembled(read_pipeline(name_or_file).entries)


def _seeded(pipeline: Pipeline) -> Augment:
    compose = albumentations_library().Compose(transforms(pipeline))

    def augment(
        image: NDArray[np.uint8], mask: NDArray[np.uint8], seed: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        compose.set_random_seed(seed)
        changed = compose(image=image, mask=mask)
        return changed["image"], changed["mask"]

    return augment


def _then_mixed(first: Augment | None, settings: Mixing) -> Augment:
    def augment(
        image: NDArray[np.uint8], mask: NDArray[np.uint8], seed: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        if first is not None:
            image, mask = first(image, mask, seed)
        return mixed(image, settings, seed), mask

    return augment
