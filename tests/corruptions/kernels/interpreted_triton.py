"""Compares the Triton kernels of the corruptions with the forms compiled for the CPU, in Triton's interpreter.

See tests/triton_kernels/run_interpreter.py, which runs the functions named check_*.
"""

from __future__ import annotations

import numpy as np
import torch

from robustbench_endo.corruptions import Noise
from robustbench_endo.corruptions.kernels.color import tone_curve, tone_curve_triton
from robustbench_endo.corruptions.kernels.filters import separable
from robustbench_endo.corruptions.kernels.fluids import droplets, droplets_triton, perlin, perlin_triton
from robustbench_endo.corruptions.kernels.interpolation import (
    interpolation_weights,
    local_shuffle,
    local_shuffle_triton,
    mean_of_zooms,
    resample,
    resample_triton,
)
from robustbench_endo.corruptions.kernels.rng import noise_ops, noise_ops_triton, philox_cpu, philox_triton, poisson
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_shape

CPU = torch.device("cpu")
NOISE = Noise((3, 4), CPU)
IMAGES = NOISE.uniform((3, 37, 41), stream=9)


def check_philox() -> None:
    keys = (0, 5, (1 << 63) - 1)
    for count, stream in ((1, 0), (9, 1), (4099, 7)):
        for distribution in ("words", "uniform", "normal"):
            arguments = (distribution, keys, count, stream, CPU)
            assert torch.equal(philox_triton.random_numbers(*arguments), philox_cpu.random_numbers(*arguments))


def check_noise_ops() -> None:
    cdf = torch.from_numpy(poisson.poisson_cdf())
    for grain in (1.0, 1.7):
        cells = cell_shape((3, 37, 41), grain)
        normal, uniform = NOISE.normal(cells, stream=0), NOISE.uniform(cells, stream=1)
        for code, expected, field, low, high in (
            (0, noise_ops.add_noise(IMAGES, normal, 0.3, grain), normal, 0.3, 0.0),
            (1, noise_ops.multiply_noise(IMAGES, normal, 0.3, grain), normal, 0.3, 0.0),
            (2, noise_ops.salt_and_pepper(IMAGES, uniform, 0.3, grain), uniform, 0.15, 0.85),
        ):
            assert torch.equal(noise_ops_triton.apply_noise(code, IMAGES, field, grain, low, high), expected), code
        for photons in (60.0, 100.0):
            draws = NOISE.uniform((2 * poisson.rate_slices(photons), *cells), stream=2)
            noisy = noise_ops_triton.poisson_noise(IMAGES, photons, draws, cdf, grain)
            assert torch.equal(noisy, poisson.poisson_noise(IMAGES, photons, draws, grain)), photons


def check_resample() -> None:
    images, weights, half = IMAGES[:1], interpolation_weights, separable.half_gaussian(1.4)
    for rows, columns in (
        (weights.area_weights(37, 11), weights.area_weights(41, 30)),  # 5 and 3 taps: two passes
        (weights.area_weights(37, 14), weights.area_weights(41, 14)),  # 4 and 4: one pass
        (weights.bilinear_weights(37, 40), weights.bilinear_weights(41, 130)),
        (weights.nearest_weights(37, 37), weights.box_weights(41, 5)),  # one axis only
        (weights.box_weights(37, 5), weights.nearest_weights(41, 41)),
    ):
        assert torch.equal(resample_triton.resample(images, rows, columns), resample.resample(images, rows, columns))
    factors, linear_at = (1.0, 1.2, 1.7), weights.linear_at
    zooms = tuple((linear_at(np.arange(37) / f, 37), linear_at(np.arange(41) / f, 41)) for f in factors)
    mean = resample_triton.mean_of_resamplings(images, zooms)
    assert torch.equal(mean, mean_of_zooms.mean_of_zooms(images, zooms))
    rows, columns = (separable.filter_weights(side, half, "reflect") for side in (37, 41))
    filtered = separable.separable_filter(images, half, half, "reflect")  # the CPU adds the taps in another order
    assert torch.allclose(resample_triton.resample(images, rows, columns), filtered, rtol=0, atol=1e-6)


def check_local_shuffle() -> None:
    for shift, sweeps, size in ((1, 2, (19, 23)), (2, 3, (31, 37)), (4, 1, (9, 8))):
        choices = NOISE.integers((2 * shift) ** 2, (sweeps, *size), stream=8)
        source = local_shuffle_triton.local_shuffle(choices, shift)
        assert torch.equal(source.long(), local_shuffle.local_shuffle(choices, shift)), shift


def check_interpolate_tables() -> None:
    for shape in ((1, 1), (2, 3)):
        tables = NOISE.uniform((*shape, 4081), stream=10)[0]
        mapped = tone_curve_triton.interpolate_tables(IMAGES, tables, 4080, 4080)
        assert torch.equal(mapped, tone_curve.apply_curves(IMAGES, tables)), shape


def check_perlin() -> None:
    x, y = (NOISE.uniform((30, 50), stream) * 20 - 10 for stream in (3, 4))
    uniform = NOISE.uniform((256,), stream=5)
    tables = torch.argsort(uniform, dim=1, stable=True)
    constants = (torch.from_numpy(perlin.DIRECTIONS), torch.from_numpy(perlin.octave_amplitudes(5, 0.45)))
    field = perlin_triton.fractal_perlin_noise(x, y, tables, *constants, float(perlin.SHIFT))
    assert torch.allclose(field, perlin.fractal_perlin_noise(x, y, uniform, 5, 0.45), rtol=0, atol=1e-5)


def check_droplets() -> None:
    low = torch.tensor([0.0, 0.0, 0.6, 0.8, 5.0, 3.0, 1.0, 0.0, 0.0, 0.0])
    span = torch.tensor([30.0, 50.0, 0.0, 0.0, 20.0, 5.0, 3.0, 2.0, 3.0, 1.0])
    trails, warp = low + span * NOISE.uniform((7, 10), stream=6), NOISE.normal((2, 30, 50), stream=7)
    heights = droplets_triton.trail_heights(trails, warp)
    assert heights.max() > 1
    assert torch.allclose(heights, droplets.trail_heights(trails, warp), rtol=0, atol=1e-4)
