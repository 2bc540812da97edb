"""How much a corruption changed the picture: the measured dose."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.ssim_kernels import C1, C2, WINDOW, Map, similarity_sum, window_mean

_LUMA = (0.299, 0.587, 0.114)


class CleanFrame:
    """A clean frame prepared for comparison with its many corrupted versions.

    Args:
        image: float32 (3, H, W) in [0, 1], each side at least 11.
    """

    def __init__(self, image: Tensor) -> None:
        if image.ndim != 3 or image.shape[0] != 3 or min(image.shape[1:]) < 11:
            raise RobustEndoError(f"Expected an image (3, H, W) of at least 11 x 11, found {tuple(image.shape)}.")
        self._image = image
        self._luma = _luma(image)
        self._mean = window_mean(self._luma, WINDOW)
        self._square = window_mean(self._luma * self._luma, WINDOW)

    def ssim(self, image: Tensor) -> float:
        """Structural similarity of the luma (Rec. 601), 1 = equal (Wang et al., 2004; Gaussian window)."""
        luma = _luma(image)
        mean, square = window_mean(luma, WINDOW), window_mean(luma * luma, WINDOW)
        product = window_mean(self._luma * luma, WINDOW)
        return similarity_sum(self._mean, mean, self._square, square, product, C1, C2) / mean.size

    def psnr(self, image: Tensor) -> float:
        """Peak signal-to-noise ratio over the three channels, dB; inf for equal pictures."""
        error = float((image - self._image).double().square().mean())
        return math.inf if error == 0 else -10 * math.log10(error)


def _luma(image: Tensor) -> Map:
    weights = torch.tensor(_LUMA, device=image.device).view(3, 1, 1)
    result: Map = (image * weights).sum(0).cpu().numpy()
    return result
