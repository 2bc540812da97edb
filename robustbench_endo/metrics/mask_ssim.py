"""Structural similarity of predicted and true one-hot masks."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.checks import check_label_maps, without_ignored
from robustbench_endo.metrics.mask_ssim_cpu import image_similarity
from robustbench_endo.metrics.mask_ssim_gpu import mask_ssim_gpu
from robustbench_endo.metrics.ssim_window import RADIUS


def mask_ssim(pred: Tensor, target: Tensor, num_classes: int) -> Tensor:
    """SSIM (Wang et al., 2004) of the one-hot masks, float64 (B, C); NaN where neither map has the class.

    In [-1, 1], on the device of the maps. Gaussian window 11 x 11 with sigma 1.5, data range 1, averaged over the
    pixels whose window lies in the image (as ``skimage.metrics.structural_similarity`` with these options). Pixels
    whose target is 255 are 0 in every mask.

    Args:
        pred, target: uint8 (B, H, W), each side at least 11.

    Raises:
        RobustEndoError: maps of different shapes or devices, labels out of range, sides under 11.
    """
    check_label_maps(pred, target, num_classes)
    return mask_ssim_of_checked(pred, target, num_classes)


def mask_ssim_of_checked(pred: Tensor, target: Tensor, num_classes: int) -> Tensor:
    """:func:`mask_ssim` of maps that :func:`.check_label_maps` accepts; a GPU is not waited for."""
    if min(pred.shape[1:]) < 2 * RADIUS + 1:
        raise RobustEndoError(f"Expected masks of at least 11 x 11 pixels for SSIM, got {tuple(pred.shape[1:])}.")
    pred = without_ignored(pred, target)
    if pred.device.type == "cuda":
        return mask_ssim_gpu(pred, target, num_classes)
    pairs = zip(pred.cpu().numpy(), target.cpu().contiguous().numpy(), strict=True)
    return torch.from_numpy(np.stack([image_similarity(p, t, num_classes) for p, t in pairs]))
