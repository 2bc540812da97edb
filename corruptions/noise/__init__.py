"""Sensor and transmission noise."""

from robustbench_endo.corruptions.noise.gaussian_noise import GaussianNoise
from robustbench_endo.corruptions.noise.impulse_noise import ImpulseNoise
from robustbench_endo.corruptions.noise.shot_noise import ShotNoise
from robustbench_endo.corruptions.noise.speckle_noise import SpeckleNoise
