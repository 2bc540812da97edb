"""Properties of PixMix; its equality with the authors' code is in test_reference_mixing.py."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_endo.errors import TrainingError
from robustbench_endo.training.augmentation import PixMix, augmentation
from robustbench_endo.training.augmentation.pixmix import MIXINGS, coefficients

RNG = np.random.default_rng(0)
IMAGE, MASK = RNG.integers(0, 256, (32, 40, 3), np.uint8), RNG.integers(0, 3, (32, 40), np.uint8)


def test_pixmix_is_a_pure_function_and_leaves_its_input_unchanged():
    image = IMAGE.copy()
    results = {PixMix()(image, seed).tobytes() for seed in (0, 1, 2, 3, 0, 1, 2, 3)}
    assert len(results) == 4
    assert np.array_equal(image, IMAGE)


def test_pixmix_without_rounds_and_strength_is_the_identity():
    for seed in range(6):
        assert np.array_equal(PixMix(rounds=0, strength=0.0)(IMAGE, seed), IMAGE)


def test_pixmix_keeps_the_mask():
    changed, mask = augmentation("none", mix="pixmix")(IMAGE, MASK, 3)
    assert np.array_equal(mask, MASK)
    assert changed.dtype == np.uint8


def test_pixmix_of_more_rounds_is_further_from_the_frame():
    def distance(rounds):
        return np.mean([np.abs(PixMix(rounds=rounds)(IMAGE, seed).astype(float) - IMAGE).mean() for seed in range(60)])

    assert distance(0) < distance(1) < distance(4)


@pytest.mark.parametrize("mixing", MIXINGS)
def test_mixing_with_a_neutral_image_and_a_large_beta_is_nearly_the_frame(mixing):
    frame = RNG.random((3, 8, 8)).astype(np.float32)
    neutral = np.full_like(frame, 0.5)  # 0 on the scale of the sum, 1 on that of the product
    for seed in range(10):
        mixed = mixing(frame, neutral, 1e5, np.random.default_rng(seed))
        assert np.allclose(mixed, frame, atol=1e-3)


def test_coefficients_add_up_to_about_one():
    samples = np.array([coefficients(3.0, np.random.default_rng(seed)) for seed in range(4000)])
    assert samples[:, 0].mean() == pytest.approx(0.5 * 0.75 + 0.5 * 1.25, abs=0.02)
    assert np.abs(samples[:, 1]).mean() == pytest.approx(0.25, abs=0.02)
    assert (samples[:, 0] > 0).all()


@pytest.mark.parametrize("wrong", [{"rounds": -1}, {"beta": 0.0}, {"strength": 2.0}])
def test_pixmix_rejects_settings(wrong):
    with pytest.raises(TrainingError, match=r"^Expected .* for PixMix, got"):
        PixMix(**wrong)
