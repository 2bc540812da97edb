"""Corruptions beyond the nineteen: what happens to the image of an endoscope during an operation."""

from robustbench_endo.corruptions.base import Corruption
from robustbench_endo.corruptions.surgical.bubbles import Bubbles
from robustbench_endo.corruptions.surgical.depth_defocus import DepthDefocus
from robustbench_endo.corruptions.surgical.edge_enhancement import EdgeEnhancement
from robustbench_endo.corruptions.surgical.interlacing import Interlacing
from robustbench_endo.corruptions.surgical.jpeg2000 import Jpeg2000
from robustbench_endo.corruptions.surgical.lens_distortion import LensDistortion
from robustbench_endo.corruptions.surgical.lens_fog import LensFog
from robustbench_endo.corruptions.surgical.low_light import LowLight
from robustbench_endo.corruptions.surgical.specular_glare import SpecularGlare
from robustbench_endo.corruptions.surgical.video_compression import VideoCompression
from robustbench_endo.corruptions.surgical.vignetting import Vignetting
from robustbench_endo.corruptions.surgical.white_balance import WhiteBalance

SURGICAL_CORRUPTIONS: tuple[Corruption, ...] = (
    LensFog(),
    Bubbles(),
    SpecularGlare(),
    LowLight(),
    WhiteBalance(),
    Vignetting(),
    LensDistortion(),
    DepthDefocus(),
    EdgeEnhancement(),
    Interlacing(),
    Jpeg2000(),
    VideoCompression(),
)
