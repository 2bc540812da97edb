"""Metrics on a GPU of predictions that have collapsed, and under autocast of the caller."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from robustbench_endo.metrics import class_counts, mask_ssim, surface_distances

pytestmark = pytest.mark.gpu

CLASSES = 4


@pytest.fixture
def collapsed(label_maps: Callable[..., Tensor]) -> tuple[Tensor, Tensor]:
    """Predictions of one class, of one pixel, and of the target; a target of one class, and one that is ignored."""
    target = torch.cat([label_maps(seed, CLASSES, (120, 161)) for seed in range(6)])
    pred = target.clone()
    pred[0], pred[1], pred[2] = 0, CLASSES - 1, 1
    pred[2, 60, 80] = 2
    target[4], target[5] = 2, 255
    return pred, target


def test_surface_distances_on_a_gpu_of_collapsed_predictions_equal_the_cpu(
    collapsed: tuple[Tensor, Tensor], gpu: torch.device
) -> None:
    expected = surface_distances(*collapsed, CLASSES)
    distances = surface_distances(*(labels.to(gpu) for labels in collapsed), CLASSES)
    for name in ("hd", "hd95", "assd", "nsd"):
        torch.testing.assert_close(
            getattr(distances, name).cpu(), getattr(expected, name), rtol=0, atol=1e-9, equal_nan=True
        )
    assert torch.equal(distances.missed.cpu(), expected.missed)


def test_mask_ssim_and_counts_on_a_gpu_of_collapsed_predictions_equal_the_cpu(
    collapsed: tuple[Tensor, Tensor], gpu: torch.device
) -> None:
    on_gpu = [labels.to(gpu) for labels in collapsed]
    expected = mask_ssim(*collapsed, CLASSES)
    torch.testing.assert_close(mask_ssim(*on_gpu, CLASSES).cpu(), expected, rtol=0, atol=1e-5, equal_nan=True)
    with torch.autocast(gpu.type, torch.bfloat16):
        within = mask_ssim(*on_gpu, CLASSES).cpu()
    torch.testing.assert_close(within, expected, rtol=0, atol=1e-5, equal_nan=True)
    assert torch.equal(class_counts(*on_gpu, CLASSES).tp.cpu(), class_counts(*collapsed, CLASSES).tp)
