"""Random fields: their order, their moments, and their correlations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from robustbench_endo.corruptions.kernels.rng import philox, philox_torch
from robustbench_endo.corruptions.kernels.rng.distributions import normal_quantiles
from robustbench_endo.corruptions.kernels.rng.philox import random_field

CPU = torch.device("cpu")
KEY = 0x1234_5678_9ABC_DEF0 >> 1


def test_random_field_keeps_the_order_of_the_words() -> None:
    words = random_field("words", (KEY,), (24,), 2, CPU)
    uniform = random_field("uniform", (KEY,), (2, 12), 2, CPU)
    assert torch.equal(uniform.flatten(1), ((words >> 9).float() + 0.5) * 2.0**-23)
    halves = torch.stack((words & 0xFFFF, words >> 16), dim=-1).flatten(1)
    normal = random_field("normal", (KEY,), (4, 12), 2, CPU)
    assert torch.equal(normal.flatten(1), torch.from_numpy(normal_quantiles())[halves])


def test_random_field_of_two_keys_is_two_fields() -> None:
    both = random_field("uniform", (3, 4), (2, 10), 0, CPU)
    assert torch.equal(both[1:], random_field("uniform", (4,), (2, 10), 0, CPU))


def test_random_field_uniform_excludes_its_bounds() -> None:
    ends = (torch.tensor([0, (1 << 32) - 1]) >> 9).float()
    assert ((ends + 0.5) * 2.0**-23).tolist() == [2.0**-24, 1 - 2.0**-24]


def test_random_field_words_have_fair_bits() -> None:
    words = random_field("words", (KEY,), (1 << 18,), 0, CPU)[0].numpy()
    ones = np.array([np.count_nonzero(words >> i & 1) for i in range(32)])
    chi_square = np.sum((ones - words.size / 2) ** 2 / (words.size / 4))
    assert 1e-4 < stats.chi2.sf(chi_square, 32) < 1 - 1e-4


def test_random_field_words_have_uniform_bytes_and_pairs() -> None:
    words = random_field("words", (KEY,), (1 << 18,), 1, CPU)[0].numpy()
    tables = [np.bincount(words >> shift & 0xFF, minlength=256) for shift in (0, 8, 16, 24)]
    pairs = np.bincount((words[:-1] & 0xF) << 4 | words[1:] & 0xF, minlength=256)
    for table in (*tables, pairs):
        assert stats.chisquare(table).pvalue > 1e-4


def test_random_field_has_the_moments_of_its_distribution() -> None:
    uniform = random_field("uniform", (KEY,), (1 << 20,), 0, CPU).double()
    normal = random_field("normal", (KEY,), (1 << 20,), 0, CPU).double()
    error = 5 / 1024  # five standard errors of the mean of 2^20 numbers of unit variance
    assert abs(uniform.mean() - 0.5) < error * 12**-0.5
    assert abs(uniform.var() - 1 / 12) < error / 12
    assert abs(normal.mean()) < error
    assert abs(normal.var() - 1) < error * 2**0.5
    assert abs((normal**3).mean()) < error * 15**0.5
    assert abs((normal**4).mean() - 3) < error * 96**0.5
    assert stats.kstest(normal[0, : 1 << 16].numpy(), "norm").pvalue > 1e-4


def test_random_field_neighbours_keys_streams_and_channels_are_uncorrelated() -> None:
    field = random_field("normal", (KEY, KEY + 1), (3, 512, 512), 0, CPU)
    other = random_field("normal", (KEY,), (3, 512, 512), 1, CPU)
    pairs = {
        "right neighbour": (field[0, :, :, 1:], field[0, :, :, :-1]),
        "lower neighbour": (field[0, :, 1:], field[0, :, :-1]),
        "four to the right": (field[0, :, :, 4:], field[0, :, :, :-4]),
        "channel": (field[0, 0], field[0, 1]),
        "next key": (field[0], field[1]),
        "next stream": (field[0], other[0]),
    }
    for name, (a, b) in pairs.items():
        correlation = float((a * b).double().mean())
        assert abs(correlation) < 5 * a.numel() ** -0.5, name


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("plain", [False, True], ids=["triton", "torch"])
def test_random_field_on_a_gpu_equals_the_cpu(plain: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if plain:
        monkeypatch.setattr(philox, "use_triton", lambda device: False)
    keys = (0, 5, (1 << 63) - 1)
    for distribution in ("words", "uniform", "normal"):
        for shape in ((1,), (3, 33, 17), (3, 512, 640)):
            field = random_field(distribution, keys, shape, 7, torch.device("cuda"))
            assert field.is_cuda
            assert torch.equal(field.cpu(), random_field(distribution, keys, shape, 7, torch.device("cpu")))


def test_random_field_uses_torch_without_triton(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(philox, "use_triton", lambda device: False)
    assert philox._implementation(torch.device("cuda")) is philox_torch.random_numbers
