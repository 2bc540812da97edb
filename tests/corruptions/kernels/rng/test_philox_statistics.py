"""Statistical tests that a poor generator, or misuse of a good one, would fail: similar keys, axes, spectra, repeats.

Keys are fixed, so that the tests are deterministic; the bounds are five standard errors or a probability of 1 in 10^4.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from robustbench_endo.corruptions import Noise, image_key
from robustbench_endo.corruptions.kernels.rng.philox import random_field

CPU = torch.device("cpu")
KEY = 0x0FED_CBA9_8765_4321


def correlation(a: Tensor, b: Tensor) -> float:
    return float(np.corrcoef(a.double().flatten(), b.double().flatten())[0, 1])


@pytest.mark.parametrize("bits", [1, 8])
def test_words_change_half_of_their_bits_with_every_bit_of_the_key(bits: int) -> None:
    base = random_field("words", (KEY,), (4096,), 0, CPU)
    for first in range(0, 63, bits):
        changed = random_field("words", (KEY ^ ((1 << bits) - 1) << first,), (4096,), 0, CPU)
        flips = np.unpackbits((base ^ changed).numpy().astype(np.uint32).view(np.uint8))
        assert abs(flips.mean() - 0.5) < 5 * 0.5 * flips.size**-0.5, first


def test_words_of_the_same_pixel_of_many_images_are_uniform() -> None:
    fields = random_field("words", tuple(range(16384)), (4,), 0, CPU).numpy()
    for word in fields.T:
        for shift in (0, 12, 24):
            assert stats.chisquare(np.bincount(word >> shift & 0xFF, minlength=256)).pvalue > 1e-4


def test_image_key_of_similar_arguments_gives_unrelated_fields() -> None:
    coordinates = {
        "frame 1": (0, "OP1_img_01.png", "gaussian_noise", 0),
        "frame 2": (0, "OP1_img_02.png", "gaussian_noise", 0),
        "seed 1": (1, "OP1_img_01.png", "gaussian_noise", 0),
        "other corruption": (0, "OP1_img_01.png", "speckle_noise", 0),
        "replicate 1": (0, "OP1_img_01.png", "gaussian_noise", 1),
    }
    fields = random_field("normal", tuple(image_key(*item) for item in coordinates.values()), (3, 256, 256), 0, CPU)
    for (one, a), (other, b) in combinations(zip(coordinates, fields, strict=True), 2):
        assert abs(correlation(a, b)) < 5 * a.numel() ** -0.5, (one, other)


def test_image_key_of_a_dataset_is_uniform() -> None:
    keys = np.array([image_key(0, f"OP1_img_{i:05d}.png", "smoke") for i in range(16384)])
    assert np.unique(keys).size == keys.size
    for shift in (0, 27, 55):
        assert stats.chisquare(np.bincount(keys >> shift & 0xFF, minlength=256)).pvalue > 1e-4


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
def test_fields_are_uncorrelated_at_any_distance(distribution: str) -> None:
    field = random_field(distribution, (KEY,), (3, 256, 256), 0, CPU)[0].double()
    field = field - field.mean()
    for a, b in combinations(field, 2):
        assert abs(correlation(a, b)) < 5 / 256
    # The autocorrelation of a full plane, at all 65,536 shifts; the largest of so many stays under 5.5 errors.
    power = torch.fft.fft2(field).abs().square()
    shifts = (torch.fft.ifft2(power).real / field.square().sum((1, 2), keepdim=True)).flatten(1)[:, 1:]
    assert shifts.abs().max() < 5.5 / 256


def test_fields_have_a_white_spectrum() -> None:
    field = random_field("normal", (KEY,), (512, 512), 5, CPU)[0].double()
    power = (torch.fft.rfft2(field).abs().square() / field.numel())[1:256, 1:256]
    # The power at each frequency is exponential with mean 1: in bands, and in distribution.
    bands = power[:240, :240].reshape(12, 20, 12, 20).mean((1, 3))
    assert (bands - 1).abs().max() < 5 / 20
    assert stats.kstest(power.flatten().numpy()[::7], "expon").pvalue > 1e-4


def test_words_repeat_as_rarely_as_expected() -> None:
    # Birthdays: of n words, n^2 / 2^33 pairs are equal on average, with the spread of a Poisson number.
    words = np.concatenate(
        [random_field("words", (key,), (1 << 18,), 0, CPU)[0].numpy() for key in (KEY, KEY + 1, 3, 4)]
    )
    expected = words.size**2 / 2**33
    repeats = words.size - np.unique(words).size
    assert 1e-4 < stats.poisson.cdf(repeats, expected) < 1 - 1e-4


def test_fields_have_the_expected_number_of_turning_points() -> None:
    field = random_field("uniform", (KEY,), (1 << 18,), 0, CPU)[0].numpy()
    rising = np.diff(field) > 0
    turns = np.count_nonzero(rising[1:] != rising[:-1])
    # Bienaymé: the turning points of n random numbers have mean 2(n - 2)/3 and variance (16n - 29)/90.
    mean, variance = 2 * (field.size - 2) / 3, (16 * field.size - 29) / 90
    assert abs(turns - mean) < 5 * variance**0.5


def test_poisson_counts_of_neighbours_and_channels_are_uncorrelated() -> None:
    counts = Noise((KEY,), CPU).poisson(torch.full((1, 3, 256, 256), 4.0), stream=0)[0]
    for a, b in (
        (counts[:, :, 1:], counts[:, :, :-1]),
        (counts[:, 1:], counts[:, :-1]),
        (counts[1:], counts[:-1]),
    ):
        assert abs(correlation(a, b)) < 5 * a.numel() ** -0.5


def test_integers_of_neighbours_are_independent() -> None:
    values = Noise((KEY,), CPU).integers(9, (1 << 18,), stream=0)[0].numpy()
    pairs = np.bincount(values[:-1] * 9 + values[1:], minlength=81).reshape(9, 9)
    assert stats.chi2_contingency(pairs).pvalue > 1e-4
