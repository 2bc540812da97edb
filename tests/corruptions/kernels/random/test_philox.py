"""Philox against the published vectors, the compiled form against torch, and the numbers against chance."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from robustbench_endo.corruptions.kernels.rng import philox_torch
from robustbench_endo.corruptions.kernels.rng.philox import normal_field, quantiles, uniform_field, word_field
from robustbench_endo.corruptions.kernels.rng.philox_torch import philox, words

CPU = torch.device("cpu")
KEY = 0x1234_5678_9ABC_DEF0 >> 1

# Random123, kat_vectors, philox4x32 10: counter (4 words), key (2 words), answer (4 words).
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_published_vectors(counter: str, key: str, answer: str) -> None:
    c, k, expected = ([torch.tensor(int(word, 16)) for word in text.split()] for text in (counter, key, answer))
    assert list(philox(tuple(c), tuple(k))) == expected


@pytest.mark.parametrize("count", [1, 3, 4, 9, 4099])
@pytest.mark.parametrize("stream", [0, 7])
def test_compiled_words_are_the_words_of_torch(count: int, stream: int) -> None:
    keys = (0, KEY, (1 << 63) - 1)
    assert torch.equal(word_field(keys, (count,), stream, CPU), words(keys, count, stream, CPU))


@pytest.mark.parametrize("count", [1, 5, 1683])
def test_compiled_fields_are_the_fields_of_torch(count: int) -> None:
    keys, table = (KEY, 5), torch.from_numpy(quantiles())
    assert torch.equal(uniform_field(keys, (count,), 2, CPU), philox_torch.uniform(keys, count, 2, CPU))
    assert torch.equal(normal_field(keys, (count,), 2, CPU), philox_torch.normal(keys, count, 2, table))


def test_fields_keep_the_order_of_their_words() -> None:
    bits = words((KEY,), 24, 2, CPU)
    assert torch.equal(uniform_field((KEY,), (2, 12), 2, CPU).flatten(1), ((bits >> 9).float() + 0.5) * 2.0**-23)
    halves = torch.stack((bits & 0xFFFF, bits >> 16), dim=-1).flatten(1)
    assert torch.equal(normal_field((KEY,), (4, 12), 2, CPU).flatten(1), torch.from_numpy(quantiles())[halves])


def test_uniform_never_reaches_its_ends() -> None:
    ends = (torch.tensor([0, (1 << 32) - 1]) >> 9).float()
    assert ((ends + 0.5) * 2.0**-23).tolist() == [2.0**-24, 1 - 2.0**-24]


def test_every_bit_is_a_fair_coin() -> None:
    bits = word_field((KEY,), (1 << 18,), 0, CPU)[0].numpy()
    ones = np.array([np.count_nonzero(bits >> i & 1) for i in range(32)])
    chi_square = np.sum((ones - bits.size / 2) ** 2 / (bits.size / 4))
    assert 1e-4 < stats.chi2.sf(chi_square, 32) < 1 - 1e-4


def test_bytes_and_pairs_of_bits_are_even() -> None:
    bits = word_field((KEY,), (1 << 18,), 1, CPU)[0].numpy()
    tables = [np.bincount(bits >> shift & 0xFF, minlength=256) for shift in (0, 8, 16, 24)]
    pairs = np.bincount((bits[:-1] & 0xF) << 4 | bits[1:] & 0xF, minlength=256)
    for table in (*tables, pairs):
        assert stats.chisquare(table).pvalue > 1e-4


def test_moments() -> None:
    uniform = uniform_field((KEY,), (1 << 20,), 0, CPU).double()
    normal = normal_field((KEY,), (1 << 20,), 0, CPU).double()
    error = 5 / 1024  # five standard errors of the mean of 2^20 numbers of unit variance
    assert abs(uniform.mean() - 0.5) < error * 12**-0.5
    assert abs(uniform.var() - 1 / 12) < error / 12
    assert abs(normal.mean()) < error
    assert abs(normal.var() - 1) < error * 2**0.5
    assert abs((normal**3).mean()) < error * 15**0.5
    assert abs((normal**4).mean() - 3) < error * 96**0.5
    assert stats.kstest(normal[0, : 1 << 16].numpy(), "norm").pvalue > 1e-4


def test_neighbours_keys_streams_and_channels_are_uncorrelated() -> None:
    field = normal_field((KEY, KEY + 1), (3, 512, 512), 0, CPU)
    other = normal_field((KEY,), (3, 512, 512), 1, CPU)
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


def test_a_field_of_two_keys_is_two_fields() -> None:
    both = uniform_field((3, 4), (2, 10), 0, CPU)
    assert torch.equal(both[1:], uniform_field((4,), (2, 10), 0, CPU))
