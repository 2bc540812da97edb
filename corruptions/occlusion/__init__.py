"""Occlusions between the lens and the scene, and over-exposure."""

from robustbench_endo.corruptions.occlusion.bleeding import Bleeding
from robustbench_endo.corruptions.occlusion.brightness import Brightness
from robustbench_endo.corruptions.occlusion.smoke import Smoke
from robustbench_endo.corruptions.occlusion.spatter import Spatter
