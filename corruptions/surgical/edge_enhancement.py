"""Edge enhancement by the camera processor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.filters.separable import gaussian_blur
from robustbench_endo.corruptions.rng import Noise
from robustbench_endo.corruptions.surgical.mtf import sharpened_mtf50


@dataclass(frozen=True)
class EdgeEnhancementParams:
    """Parameters of :class:`EdgeEnhancement`.

    Attributes:
        gain: factor of the detail that is added.
        radius: standard deviation of the Gaussian that separates the detail, in pixels.
    """

    gain: Annotated[float, "times"]
    radius: Px = 0.7

    def mtf50(self, before: float) -> float:
        """MTF50 of a camera after the enhancement, in cycles per pixel of the encoded luma.

        Args:
            before: MTF50 without enhancement, in cycles per pixel; the camera has a Gaussian MTF.

        >>> round(EdgeEnhancement().severities[2].mtf50(before=0.2), 3)
        0.318
        """
        return sharpened_mtf50(self.gain, self.radius, before)


@dataclass(frozen=True)
class EdgeEnhancement(Corruption):
    """Unsharp masking of the encoded luma, as in camera processors: halos at edges, amplified grain.

    >>> EdgeEnhancement().severities[2]
    EdgeEnhancementParams(gain=3.0, radius=0.7)
    """

    name: ClassVar[str] = "edge_enhancement"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = "The enhancement of the camera processor is set to its upper levels, or is applied twice."
    citation: ClassVar[str] = "Polesel, Ramponi & Mathews, IEEE Trans. Image Processing 9(3), 2000 (unsharp masking)."
    stochastic: ClassVar[bool] = False

    severities: tuple[EdgeEnhancementParams, ...] = (
        EdgeEnhancementParams(1.0),
        EdgeEnhancementParams(2.0),
        EdgeEnhancementParams(3.0),
        EdgeEnhancementParams(4.5),
        EdgeEnhancementParams(6.5),
    )

    def apply(self, images: Tensor, params: EdgeEnhancementParams, noise: Noise) -> Tensor:
        """``images`` + gain (luma - smoothed luma)."""
        red, green, blue = images[:, :1], images[:, 1:2], images[:, 2:]
        luma = (red * 0.2126).add_(green, alpha=0.7152).add_(blue, alpha=0.0722)
        detail = luma - gaussian_blur(luma, params.radius, "nearest", truncate=3.0)
        return torch.add(images, detail, alpha=params.gain)
