"""Corruptions in training: as augmentation of batches, and the overlap of a pipeline with evaluated corruptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from robustbench_endo.training.augmentation.augmentation import Entry, Pipeline, read_pipeline


class CorruptionAugmentation:
    """Training on corruptions, for :func:`robustbench_endo.training.train`; the others remain held out.

    A call (images, masks, ids, epoch) -> (images, masks) is a pure function.

    Args:
        names: ``all``, a category, names separated by commas, or a list of them.
        p: probability that a frame is corrupted, by one of the corruptions; drawn again every epoch.
        severities: drawn with equal probability.
        suite: of the corruptions.
        seed: of the selection and of the noise.

    Attributes:
        names: the corruptions that frames get, which the checkpoint records; none for a probability of 0.

    Raises:
        CorruptionError: an unknown name or suite, a severity or probability outside its range.

    >>> import torch
    >>> corrupt = CorruptionAugmentation("contrast", p=1.0, severities=(5,))
    >>> images, masks = torch.rand(1, 3, 32, 32), torch.zeros(1, 32, 32, dtype=torch.uint8)
    >>> corrupted, _ = corrupt(images, masks, ["frame"], 0)
    >>> bool((corrupted != images).any()), corrupt.names
    (True, ('contrast',))
    """

    def __init__(
        self,
        names: str | Sequence[str],
        p: float = 0.5,
        severities: Sequence[int] = (1, 2, 3, 4, 5),
        suite: str = "endo19",
        seed: int = 0,
    ) -> None:
        from robustbench_endo.corruptions import RandomCorruption  # imports torchvision

        self._transform = RandomCorruption(names, severities, p, suite, seed)
        self.names: tuple[str, ...] = tuple(self._transform.names) if p > 0 else ()

    def __call__(self, images: Tensor, masks: Tensor, ids: Sequence[str], epoch: int) -> tuple[Tensor, Tensor]:
        self._transform.set_epoch(epoch)
        corrupted: tuple[Tensor, Tensor] = self._transform((images, masks), ids=ids)
        return corrupted


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
"""Transform of albumentations -> evaluated corruptions that it resembles with any parameters."""

OVERLAPPING_PARAMETERS: dict[str, dict[str, tuple[str, ...]]] = {
    "ColorJitter": {"brightness": ("brightness",), "contrast": ("contrast",), "saturation": ("saturate",)},
    "HEStain": {"intensity_scale_range": ("saturate",), "intensity_shift_range": ("brightness",)},
    "HueSaturationValue": {"sat_shift_limit": ("saturate",), "val_shift_limit": ("brightness",)},
    "Illumination": {"intensity_range": ("brightness",)},
    "RGBShift": {"r_shift_limit": ("brightness",), "g_shift_limit": ("brightness",), "b_shift_limit": ("brightness",)},
    "RandomBrightnessContrast": {"brightness_limit": ("brightness",), "contrast_limit": ("contrast",)},
}
"""Transform -> parameter -> evaluated corruptions, unless the parameter is set to a value that changes nothing."""

_NEUTRAL = (0, (0, 0), (1, 1))


def overlaps(pipeline: str | Pipeline) -> tuple[str, ...]:
    """Names of the evaluated corruptions that a pipeline resembles, sorted; entries with p = 0 and AugMix add none.

    Args:
        pipeline: read before, or its name or file.

    Raises:
        UnknownNameError, TrainingError: see :func:`~robustbench_endo.training.augmentation.augmentation`.

    >>> overlaps("surgical")
    ()
    """
    entries = (read_pipeline(pipeline) if isinstance(pipeline, str) else pipeline).entries
    return tuple(sorted({name for entry in entries if entry.probability > 0 for name in _overlaps_of(entry)}))


def _overlaps_of(entry: Entry) -> set[str]:
    by_parameter = OVERLAPPING_PARAMETERS.get(entry.name, {})
    active = {name for key, names in by_parameter.items() if not _neutral(entry.parameters, key) for name in names}
    return active | set(OVERLAPPING.get(entry.name, ()))


def _neutral(parameters: Mapping[str, Any], key: str) -> bool:
    """Whether a parameter is set to a value that changes nothing; the library's defaults always change something."""
    return key in parameters and parameters[key] in _NEUTRAL
