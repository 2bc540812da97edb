"""The Triton kernels, run by Triton's own interpreter where there is no GPU, against the forms compiled for the CPU."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
import torch

from robustbench_endo.corruptions.kernels.rng.philox import normal_field, uniform_field, word_field
from robustbench_endo.corruptions.kernels.triton_support import fused

SCRIPT = """
import sys
import numpy as np
import torch
from robustbench_endo.corruptions import Noise
from robustbench_endo.corruptions.kernels.fluids import droplets, perlin
from robustbench_endo.corruptions.kernels.rng import noise_ops, philox, poisson
from robustbench_endo.corruptions.kernels.interpolation import interpolation_weights, mean_of_zooms, resample
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_shape
assert "triton" not in sys.modules, "importing the corruptions must not import Triton: it takes long"
from robustbench_endo.corruptions.kernels.fluids import droplets_triton, perlin_triton
from robustbench_endo.corruptions.kernels.rng import noise_ops_triton, philox_triton
from robustbench_endo.corruptions.kernels.interpolation import resample_triton

cpu, keys = torch.device("cpu"), (0, 5, (1 << 63) - 1)
table = torch.from_numpy(philox.quantiles())
for count, stream in ((1, 0), (9, 1), (4099, 7)):
    words = philox_triton.words(keys, count, stream, cpu)
    assert torch.equal(words, philox.word_field(keys, (count,), stream, cpu))
    uniform = philox_triton.uniform(keys, count, stream, cpu)
    assert torch.equal(uniform, philox.uniform_field(keys, (count,), stream, cpu))
    normal = philox_triton.normal(keys, count, stream, table)
    assert torch.equal(normal, philox.normal_field(keys, (count,), stream, cpu))

noise = Noise((3, 4), cpu)
images = noise.uniform((3, 37, 41), stream=9)
table = torch.from_numpy(poisson.cumulative())
for size in (1.0, 1.7):
    cells = cell_shape((3, 37, 41), size)
    normal, uniform = noise.normal(cells, stream=0), noise.uniform(cells, stream=1)
    for name, field in (("add_noise", normal), ("multiply_noise", normal), ("salt_and_pepper", uniform)):
        laid = getattr(noise_ops_triton, name)(images, field, 0.3, size)
        assert torch.equal(laid, getattr(noise_ops, name)(images, field, 0.3, size)), name
    for photon in (60.0, 100.0):
        draws = noise.uniform((2 * poisson.chunks_of(photon), *cells), stream=2)
        counts = noise_ops_triton.photon_counts(images, photon, draws, table, size)
        assert torch.equal(counts, poisson.photon_counts(images, photon, draws, size)), photon

images = images[:1]
pairs = (
    (interpolation_weights.area(37, 11), interpolation_weights.area(41, 30)),
    (interpolation_weights.bilinear(37, 40), interpolation_weights.bilinear(41, 130)),
)
for rows, columns in pairs:
    made = resample_triton.mean_of_layers(images, [(rows, columns)])
    assert torch.allclose(made, resample.resample(images, rows, columns), rtol=0, atol=1e-6)
zooms = (1.0, 1.2, 1.7)
at = interpolation_weights.at
stretched = tuple((at(np.arange(37) / f, 37), at(np.arange(41) / f, 41)) for f in zooms)
made = resample_triton.mean_of_layers(images, stretched)
assert torch.allclose(made, mean_of_zooms.mean_of_layers(images, stretched), rtol=0, atol=1e-6)

x, y = (noise.uniform((30, 50), stream) * 20 - 10 for stream in (3, 4))
draw = noise.uniform((256,), stream=5)
table = torch.argsort(draw, dim=1, stable=True)
arguments = (torch.from_numpy(perlin._DIRECTIONS), torch.from_numpy(perlin._amplitudes(5, 0.45)))
made = perlin_triton.fractal_noise(x, y, table, *arguments, float(perlin._SHIFT))
assert torch.allclose(made, perlin.fractal_noise(x, y, draw, 5, 0.45), rtol=0, atol=1e-5)

low = torch.tensor([0.0, 0.0, 0.6, 0.8, 5.0, 3.0, 1.0, 0.0, 0.0, 0.0])
span = torch.tensor([30.0, 50.0, 0.0, 0.0, 20.0, 5.0, 3.0, 2.0, 3.0, 1.0])
trails, warp = low + span * noise.uniform((7, 10), stream=6), noise.normal((2, 30, 50), stream=7)
made = droplets_triton.trail_heights(trails, warp)
assert made.max() > 1
assert torch.allclose(made, droplets.trail_heights(trails, warp), rtol=0, atol=1e-4)
"""


@pytest.mark.skipif(find_spec("triton") is None, reason="Triton is absent here: plain torch takes its place")
def test_interpreted_kernels_give_what_the_cpu_gives() -> None:
    # The interpreter must be chosen before Triton is imported: a process of its own.
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_cpu_has_no_fused_kernels() -> None:
    assert not fused(torch.device("cpu"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("plain", [False, True], ids=["fused", "plain"])
def test_fields_on_a_gpu_are_the_fields_of_the_cpu(plain: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if plain:
        monkeypatch.setattr("robustbench_endo.corruptions.kernels.rng.philox.fused", lambda device: False)
    keys = (0, 5, (1 << 63) - 1)
    for field in (word_field, uniform_field, normal_field):
        for shape in ((1,), (3, 33, 17), (3, 512, 640)):
            made = field(keys, shape, 7, torch.device("cuda"))
            assert made.is_cuda
            assert torch.equal(made.cpu(), field(keys, shape, 7, torch.device("cpu")))
