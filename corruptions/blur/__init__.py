"""Loss of sharpness."""

from robustbench_endo.corruptions.blur.defocus_blur import DefocusBlur
from robustbench_endo.corruptions.blur.gaussian_blur import GaussianBlur
from robustbench_endo.corruptions.blur.glass_blur import GlassBlur
from robustbench_endo.corruptions.blur.motion_blur import MotionBlur
from robustbench_endo.corruptions.blur.zoom_blur import ZoomBlur
