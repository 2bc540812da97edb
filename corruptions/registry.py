"""Registry of the nineteen corruptions, in the order of Table VII of the EndoARSS paper (arXiv 2506.06830)."""

from __future__ import annotations

from robustbench_endo.corruptions.base import Corruption
from robustbench_endo.corruptions.blur.defocus_blur import DefocusBlur
from robustbench_endo.corruptions.blur.gaussian_blur import GaussianBlur
from robustbench_endo.corruptions.blur.glass_blur import GlassBlur
from robustbench_endo.corruptions.blur.motion_blur import MotionBlur
from robustbench_endo.corruptions.blur.zoom_blur import ZoomBlur
from robustbench_endo.corruptions.digital.contrast import Contrast
from robustbench_endo.corruptions.digital.elastic_transform import ElasticTransform
from robustbench_endo.corruptions.digital.gamma_correction import GammaCorrection
from robustbench_endo.corruptions.digital.jpeg_compression import JpegCompression
from robustbench_endo.corruptions.digital.pixelate import Pixelate
from robustbench_endo.corruptions.digital.saturate import Saturate
from robustbench_endo.corruptions.imagenet_c import (
    brightness,
    contrast,
    elastic_transform,
    gamma_correction,
    glass_blur,
    motion_blur,
    pixelate,
    saturate,
    spatter,
)
from robustbench_endo.corruptions.noise.gaussian_noise import GaussianNoise
from robustbench_endo.corruptions.noise.impulse_noise import ImpulseNoise
from robustbench_endo.corruptions.noise.shot_noise import ShotNoise
from robustbench_endo.corruptions.noise.speckle_noise import SpeckleNoise
from robustbench_endo.corruptions.occlusion.bleeding import Bleeding
from robustbench_endo.corruptions.occlusion.brightness import Brightness
from robustbench_endo.corruptions.occlusion.smoke import Smoke
from robustbench_endo.corruptions.occlusion.spatter import Spatter

CORRUPTIONS: tuple[Corruption, ...] = (
    GaussianNoise(),
    ShotNoise(),
    ImpulseNoise(),
    SpeckleNoise(),
    DefocusBlur(),
    GaussianBlur(),
    GlassBlur(),
    MotionBlur(),
    ZoomBlur(),
    Bleeding(),
    Brightness(),
    Smoke(),
    Spatter(),
    Contrast(),
    ElasticTransform(),
    GammaCorrection(),
    JpegCompression(),
    Pixelate(),
    Saturate(),
)

VARIANTS: tuple[Corruption, ...] = (
    glass_blur.GlassBlur(),
    motion_blur.MotionBlur(),
    brightness.Brightness(),
    contrast.Contrast(),
    elastic_transform.ElasticTransform(),
    gamma_correction.GammaCorrection(),
    pixelate.Pixelate(),
    saturate.Saturate(),
    spatter.Spatter(),
)
"""Other implementations of the corruptions above, by the key ``model`` of a suite file."""
