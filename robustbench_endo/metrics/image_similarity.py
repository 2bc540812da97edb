"""Similarity of corrupted and clean images: SSIM and PSNR, the distortion of a condition."""

from __future__ import annotations

import torch
from torch import Tensor

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.image_similarity_cpu import luma_of, similarity_sum, squared_error, window_mean
from robustbench_endo.metrics.image_similarity_gpu import ReferenceOnDevice
from robustbench_endo.metrics.ssim_window import RADIUS


class CleanReference:
    """Clean frames prepared for comparison with many corrupted versions, on their device.

    Args:
        images: float32 (B, 3, H, W) in [0, 1], each side at least 11.

    Raises:
        RobustEndoError: another shape.
    """

    def __init__(self, images: Tensor) -> None:
        if images.ndim != 4 or images.shape[1] != 3 or min(images.shape[2:]) < 2 * RADIUS + 1:
            raise RobustEndoError(f"Expected images (B, 3, H, W) of at least 11 x 11, got {tuple(images.shape)}.")
        if images.device.type != "cpu":
            self._on_device = ReferenceOnDevice(images)
            return
        self._frames = images.contiguous().numpy()
        # Luma, and its window means and those of its square.
        luma = [luma_of(frame) for frame in self._frames]
        self._clean = [(each, window_mean(each), window_mean(each * each)) for each in luma]

    def ssim(self, images: Tensor) -> Tensor:
        """Structural similarity of the luma (Rec. 601), float64 (B,) on the CPU, 1 = equal (Wang et al., 2004)."""
        if images.device.type != "cpu":
            return self.compare(images)[0].cpu()
        frames = zip(images.contiguous().numpy(), self._clean, strict=True)
        sums = [similarity_sum(frame, *clean) for frame, clean in frames]
        pixels: int = self._clean[0][1].size
        return torch.tensor(sums, dtype=torch.float64) / pixels

    def psnr(self, images: Tensor) -> Tensor:
        """Peak signal-to-noise ratio over the three channels, dB, float64 (B,) on the CPU; inf for equal images."""
        if images.device.type != "cpu":
            return self.compare(images)[1].cpu()
        pairs = zip(images.contiguous().numpy(), self._frames, strict=True)
        error = torch.tensor([squared_error(a, b) for a, b in pairs], dtype=torch.float64) / images[0].numel()
        return -10.0 * error.log10()

    def compare(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """:meth:`ssim` and :meth:`psnr` on the device of the images; on a GPU in one pass, without waiting for it."""
        if images.device.type == "cpu":
            return self.ssim(images), self.psnr(images)
        ssim, error = self._on_device.compare(images)
        return ssim, -10.0 * error.log10()
