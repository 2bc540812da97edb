"""The form for GPUs: run here by torch and by Triton's interpreter, against the form compiled for the CPU."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
import torch

from robustbench_endo.metrics import class_counts, mask_ssim, surface_distances
from robustbench_endo.metrics.fused import fused
from robustbench_endo.metrics.mask_ssim import mask_ssim_torch
from robustbench_endo.metrics.surface_gpu import surface_table

NAMES = ("hd", "hd95", "assd", "nsd")
SCRIPT = """
import torch
from robustbench_endo.metrics import surface_gpu
assert "triton" not in __import__("sys").modules, "importing the metrics must not import Triton: it takes long"
from robustbench_endo.metrics import surface_torch, surface_triton
random = torch.Generator().manual_seed(0)
for size in ((7, 67), (1, 5), (9, 1)):
    pred, target = torch.randint(0, 3, (2, 1, *size), generator=random).byte()
    target[:, size[0] // 3 :] = 2
    edges, sites = surface_gpu._edges(pred, 3), surface_gpu._edges(target, 3)
    image, label = torch.tensor([0, 0]), torch.tensor([1, 2])
    steps = surface_triton.steps_to_site(sites, image, label)
    assert torch.equal(steps, surface_torch.steps_to_site(sites, image, label)), size
    points = (edges[image] == label[:, None, None]).nonzero()
    for spacing in ((1.0, 1.0), (3.0, 0.7)):
        tables = [surface_gpu._squares(n, s, pred.device) for n, s in zip(size, spacing)]
        tables[0][-1] = torch.inf
        got = surface_triton.nearest_squares(steps, points, *tables)
        assert torch.equal(got, surface_torch.nearest_squares(steps, points, *tables)), (size, spacing)
"""


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
def test_torch_gives_the_compiled_distances(maps, spacing, memory):
    pred, target = maps
    found = surface_distances(pred, target, 4, spacing=spacing)
    ignored = torch.where(target == 255, target, pred)
    table = surface_table(ignored, target, 4, spacing, 2.0, memory)
    for row, name in zip(table, NAMES, strict=False):
        torch.testing.assert_close(row, getattr(found, name), rtol=1e-12, atol=1e-9 * max(spacing), equal_nan=True)
    assert torch.equal(table[4].bool(), found.missed)


@pytest.mark.parametrize("memory", [1 << 30, 1], ids=["all at once", "one by one"])
def test_torch_gives_the_compiled_ssim(maps, memory):
    pred, target = maps
    ignored = torch.where(target == 255, target, pred)
    found = mask_ssim_torch(ignored, target, 4, memory)
    torch.testing.assert_close(found, mask_ssim(pred, target, 4), rtol=0, atol=1e-6, equal_nan=True)


@pytest.mark.skipif(find_spec("triton") is None, reason="Triton is absent here: plain torch takes its place")
def test_interpreted_kernels_give_what_torch_gives():
    # The interpreter must be chosen before Triton is imported: a process of its own.
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_cpu_has_no_fused_kernels():
    assert not fused(torch.device("cpu"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("plain", [False, True], ids=["fused", "plain"])
def test_a_gpu_gives_the_distances_of_the_cpu(maps, plain, monkeypatch):
    if plain:
        monkeypatch.setattr("robustbench_endo.metrics.surface_gpu.fused", lambda device: False)
    here, there = surface_distances(*maps, 4), surface_distances(*(m.cuda() for m in maps), 4)
    for name in NAMES:
        torch.testing.assert_close(getattr(there, name), getattr(here, name), rtol=0, atol=1e-9, equal_nan=True)
    assert torch.equal(there.missed, here.missed)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_gives_the_counts_and_the_ssim_of_the_cpu(maps):
    on_gpu = [m.cuda() for m in maps]
    assert torch.equal(class_counts(*on_gpu, 4).tp.cpu(), class_counts(*maps, 4).tp)
    torch.testing.assert_close(mask_ssim(*on_gpu, 4), mask_ssim(*maps, 4), rtol=0, atol=1e-5, equal_nan=True)
