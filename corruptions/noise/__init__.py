"""Pictures that the camera's chip or its cable makes noisy."""

from .gaussian_noise import GaussianNoise
from .impulse_noise import ImpulseNoise
from .shot_noise import ShotNoise
from .speckle_noise import SpeckleNoise
