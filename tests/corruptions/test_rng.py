"""Keys, and the random numbers of a batch."""

from __future__ import annotations

import torch
from scipy import stats

from robustbench_endo.corruptions import Noise, image_key

CPU = torch.device("cpu")
NOISE = Noise((image_key(0, "a.png", "smoke"), image_key(0, "b.png", "smoke")), CPU)


def test_image_key_changes_with_each_argument() -> None:
    keys = {
        image_key(0, "a", "smoke"),
        image_key(1, "a", "smoke"),
        image_key(0, "b", "smoke"),
        image_key(0, "a", "bleeding"),
        image_key(0, "a", "smoke", replicate=1),
    }
    assert len(keys) == 5
    assert all(0 <= key < 1 << 63 for key in keys)


def test_image_key_is_stable() -> None:
    assert image_key(0, "a.png", "smoke") == 4355468965134866450


def test_image_key_is_the_same_for_the_same_name_on_every_system() -> None:
    names = ("OP\u00e9/a.png", "OPe\u0301/a.png", "./OP\u00e9/a.png", ".\\OP\u00e9\\a.png", "././OP\u00e9/a.png")
    assert len({image_key(0, name, "smoke") for name in names}) == 1
    assert image_key(0, "../a.png", "smoke") != image_key(0, "a.png", "smoke")


def test_noise_item_gives_the_numbers_of_its_image() -> None:
    for draw in ("uniform", "normal"):
        both = getattr(NOISE, draw)((3, 40, 40), stream=2, grain=1.7)
        assert torch.equal(both[1:], getattr(NOISE.item(1), draw)((3, 40, 40), stream=2, grain=1.7))
    rate = torch.full((2, 3, 40, 40), 7.0)
    assert torch.equal(NOISE.poisson(rate, 0)[1:], NOISE.item(1).poisson(rate[1:], 0))


def test_noise_repeats_and_differs_between_streams() -> None:
    assert torch.equal(NOISE.normal((50,), 0), NOISE.normal((50,), 0))
    assert not torch.equal(NOISE.normal((50,), 0), NOISE.normal((50,), 1))


def test_noise_integers_are_uniform_and_below_high() -> None:
    values = NOISE.integers(7, (70_000,), stream=0)
    assert values.dtype == torch.int64
    counts = values.reshape(-1).bincount(minlength=7)
    assert counts.numel() == 7
    assert stats.chisquare(counts.numpy()).pvalue > 1e-4


def test_noise_does_not_use_the_global_generator() -> None:
    before = torch.get_rng_state()
    NOISE.normal((100,), 0)
    assert torch.equal(before, torch.get_rng_state())
