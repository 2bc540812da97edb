"""NVIDIA's JPEG codec through torchvision: fast, but with other pixels than libjpeg; compared with ours."""

from __future__ import annotations

import torch
from torch import Tensor


def nvjpeg_round_trip(images: Tensor, quality: int) -> Tensor:
    """Encode CUDA ``images`` (B, 3, H, W) in [0, 1] and decode them.

    Raises:
        ImportError, RuntimeError: torchvision is missing or was built without nvJPEG.
    """
    from torchvision.io import ImageReadMode, decode_jpeg, encode_jpeg

    frames = list(images.mul(255.0).add_(0.5).to(torch.uint8))
    files = [item.cpu() for item in encode_jpeg(frames, quality)]
    return torch.stack(decode_jpeg(files, mode=ImageReadMode.RGB, device=images.device)).float().div_(255.0)


def psnr(images: Tensor, original: Tensor) -> float:
    """Peak signal-to-noise ratio in dB."""
    return float(-10 * torch.log10((images - original).double().square().mean()))
