"""The nineteen corruptions, in the order of Table VII of the EndoARSS paper (arXiv 2506.06830)."""

from __future__ import annotations

from .base import Corruption
from .blur.defocus_blur import DefocusBlur
from .blur.gaussian_blur import GaussianBlur
from .blur.glass_blur import GlassBlur
from .blur.motion_blur import MotionBlur
from .blur.zoom_blur import ZoomBlur
from .digital.contrast import Contrast
from .digital.elastic_transform import ElasticTransform
from .digital.gamma_correction import GammaCorrection
from .digital.jpeg_compression import JpegCompression
from .digital.pixelate import Pixelate
from .digital.saturate import Saturate
from .noise.gaussian_noise import GaussianNoise
from .noise.impulse_noise import ImpulseNoise
from .noise.shot_noise import ShotNoise
from .noise.speckle_noise import SpeckleNoise
from .occlusion.bleeding import Bleeding
from .occlusion.brightness import Brightness
from .occlusion.smoke import Smoke
from .occlusion.spatter import Spatter

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
