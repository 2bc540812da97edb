"""The Triton kernels, run by Triton's interpreter, compared with torch."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

SCRIPT = """
import torch
from robustbench_endo.metrics import surface_gpu
assert "triton" not in __import__("sys").modules, "importing the metrics must not import Triton, which is slow"
from robustbench_endo.metrics import surface_triton
random = torch.Generator().manual_seed(0)
for size in ((7, 67), (1, 5), (9, 1)):
    pred, target = torch.randint(0, 3, (2, 1, *size), generator=random).byte()
    target[:, size[0] // 3 :] = 2
    edges, sites = surface_gpu._edges(pred, 3), surface_gpu._edges(target, 3)
    image, label = torch.tensor([0, 0]), torch.tensor([1, 2])
    steps = surface_triton.steps_to_site(sites, image, label)
    assert torch.equal(steps, surface_gpu.steps_to_site(sites, image, label)), size
    points = (edges[image] == label[:, None, None]).nonzero()
    for spacing in ((1.0, 1.0), (3.0, 0.7)):
        tables = [surface_gpu._squares(n, s, pred.device) for n, s in zip(size, spacing)]
        tables[0][-1] = torch.inf
        got = surface_triton.nearest_squares(steps, points, *tables)
        assert torch.equal(got, surface_gpu.nearest_squares(steps, points, *tables)), (size, spacing)
"""


@pytest.mark.slow
@pytest.mark.skipif(find_spec("triton") is None, reason="needs Triton")
def test_interpreted_kernels_equal_torch():
    # The interpreter has to be selected before Triton is imported, therefore in a new process.
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr[-2000:]
