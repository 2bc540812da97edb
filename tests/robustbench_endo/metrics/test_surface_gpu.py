"""The GPU implementation, run by torch, compared with the compiled CPU implementation."""

import pytest
import torch

from robustbench_endo.metrics import class_counts, mask_ssim, surface_distances
from robustbench_endo.metrics.surface_gpu import fused, surface_table

NAMES = ("hd", "hd95", "assd", "nsd")


@pytest.fixture
def maps(label_maps):
    pred = torch.cat([label_maps(i, size=(37, 52)) for i in range(4)])
    target = torch.cat([label_maps(i + 20, size=(37, 52)) for i in range(4)])
    pred[2] = 0
    pred[2, 5, 7] = 3
    target[3, 8:13] = 255
    return pred, target


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.3, 0.7), (0.01, 100.0)])
@pytest.mark.parametrize("memory", [1 << 30, 1], ids=["all at once", "one by one"])
def test_surface_table_equals_compiled_distances(maps, spacing, memory):
    pred, target = maps
    tolerance = max(spacing) * torch.linspace(0.5, 6, 16, dtype=torch.float64).view(4, 4)  # of each image and class
    expected = surface_distances(pred, target, 4, spacing, tolerance)
    assert not torch.equal(expected.nsd.nan_to_num(), surface_distances(pred, target, 4, spacing).nsd.nan_to_num())
    ignored = torch.where(target == 255, target, pred)
    table = surface_table(ignored, target, 4, spacing, tolerance, memory)
    for row, name in zip(table, NAMES, strict=False):
        torch.testing.assert_close(row, getattr(expected, name), rtol=1e-12, atol=1e-9 * max(spacing), equal_nan=True)
    assert torch.equal(table[4].bool(), expected.missed)


def test_fused_is_false_on_cpu():
    assert not fused(torch.device("cpu"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("plain", [False, True], ids=["fused", "plain"])
def test_surface_distances_on_gpu_equal_cpu(maps, plain, monkeypatch):
    if plain:
        monkeypatch.setattr("robustbench_endo.metrics.surface_gpu.fused", lambda device: False)
    tolerance = torch.linspace(0.5, 6, 16).view(4, 4)
    on_cpu, on_gpu = (surface_distances(*pair, 4, None, tolerance) for pair in (maps, [m.cuda() for m in maps]))
    for name in NAMES:
        torch.testing.assert_close(getattr(on_gpu, name), getattr(on_cpu, name), rtol=0, atol=1e-9, equal_nan=True)
    assert torch.equal(on_gpu.missed, on_cpu.missed)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_counts_and_ssim_on_gpu_equal_cpu(maps):
    on_gpu = [m.cuda() for m in maps]
    assert torch.equal(class_counts(*on_gpu, 4).tp.cpu(), class_counts(*maps, 4).tp)
    torch.testing.assert_close(mask_ssim(*on_gpu, 4), mask_ssim(*maps, 4), rtol=0, atol=1e-5, equal_nan=True)
