"""Pictures that lose their sharpness."""

from .defocus_blur import DefocusBlur
from .gaussian_blur import GaussianBlur
from .glass_blur import GlassBlur
from .motion_blur import MotionBlur
from .zoom_blur import ZoomBlur
