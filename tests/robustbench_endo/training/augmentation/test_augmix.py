"""Properties of AugMix and its operations."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_endo.errors import TrainingError, UnknownNameError
from robustbench_endo.training.augmentation import Mixing, augmentation
from robustbench_endo.training.augmentation.augmix import OPERATIONS, weights

RNG = np.random.default_rng(0)
IMAGE, MASK = RNG.integers(0, 256, (32, 40, 3), np.uint8), RNG.integers(0, 3, (32, 40), np.uint8)
SMOOTH = np.linspace(60, 190, 32 * 40 * 3).reshape(32, 40, 3).astype(np.uint8)


def test_augmix_keeps_the_mask_of_the_pipeline():
    image, mask = augmentation("none", mix="augmix")(IMAGE, MASK, 1)
    assert np.array_equal(mask, MASK)
    assert not np.array_equal(image, IMAGE)
    pytest.importorskip("albumentations")
    plain, both = augmentation("surgical"), augmentation("surgical", mix="augmix")
    for seed in range(5):
        assert np.array_equal(plain(IMAGE, MASK, seed)[1], both(IMAGE, MASK, seed)[1])


def test_mixed_is_a_pure_function():
    original = IMAGE.copy()
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    results = {Mixing()(IMAGE, seed).tobytes() for seed in (0, 1, 2, 0, 1, 2)}
    assert len(results) == 3
    assert np.array_equal(IMAGE, original)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("image", [IMAGE, np.zeros_like(IMAGE), np.full_like(IMAGE, 255)])
def test_mixed_keeps_shape_and_type_and_is_the_identity_at_strength_zero(image):
    changed = Mixing()(image, 3)
    assert changed.shape == image.shape
    assert changed.dtype == np.uint8
    assert changed.flags.c_contiguous
    assert np.array_equal(Mixing(strength=0.0)(image, 3), image)


def test_mixed_preserves_mean_brightness_and_contrast():
    changed = np.stack([Mixing()(SMOOTH, seed) for seed in range(300)]).astype(float)
    assert np.abs(changed - SMOOTH).mean() > 2
    assert abs(changed.mean() - SMOOTH.mean()) < 1.5
    assert np.quantile(np.abs(changed.mean(axis=(1, 2, 3)) - SMOOTH.mean()), 0.9) < 8
    ratio = changed.mean(axis=-1).std(axis=(1, 2)) / SMOOTH.mean(axis=-1).std()
    assert 0.95 < np.median(ratio) < 1.1


def test_weights_are_dirichlet_and_beta_distributed():
    samples = [weights(Mixing(chains=4, alpha=2.0), np.random.default_rng(seed)) for seed in range(2000)]
    shares, parts = np.stack([one for one, _ in samples]), np.array([part for _, part in samples])
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-6)
    assert np.allclose(shares.mean(axis=0), 0.25, atol=0.02)
    assert np.isclose(shares[:, 0].var(), 0.25 * 0.75 / (4 * 2 + 1), rtol=0.15)
    assert np.isclose(parts.mean(), 0.5, atol=0.02)
    assert np.isclose(parts.var(), 1 / (4 * (2 * 2 + 1)), rtol=0.1)


def test_mixed_is_the_documented_mixture():
    # With only factors of red, green and blue, the mixture is the image times a mean of factors.
    settings = Mixing(chains=2, depth=(1, 1), operations=("temperature",))
    dark = SMOOTH // 3  # without clipping
    for seed in range(20):
        difference = settings(dark, seed).astype(float) - dark
        gain = difference.reshape(-1, 3).mean(axis=0) / dark.reshape(-1, 3).mean(axis=0)
        assert np.allclose(difference, gain * dark, atol=1)


def planar(image):
    return np.ascontiguousarray(image.transpose(2, 0, 1), np.float32)


@pytest.mark.parametrize("name", OPERATIONS)
class TestOperations:
    def test_operation_is_the_identity_at_strength_zero(self, name):
        assert np.allclose(OPERATIONS[name](planar(IMAGE), 0.0, np.random.default_rng(0)), planar(IMAGE), atol=1e-3)

    def test_operation_changes_the_image_but_not_its_input(self, name):
        image = planar(IMAGE)
        changed = OPERATIONS[name](image, 1.0, np.random.default_rng(1))
        assert changed.dtype == np.float32
        assert np.abs(changed - image).mean() > 0.2
        assert np.array_equal(image, planar(IMAGE))

    def test_operation_moves_nothing(self, name):
        """The left does not depend on the far right."""
        image = planar(SMOOTH)
        other = image.copy()
        other[:, :, 30:] = 255 - other[:, :, 30:]
        one, two = (OPERATIONS[name](version, 1.0, np.random.default_rng(2)) for version in (image, other))
        assert np.allclose(one[:, :, :29], two[:, :, :29], atol=1e-3)


@pytest.mark.parametrize("name", ["hue", "channel_mixing", "sharpness", "posterize"])
def test_operations_keep_grey_pixels_grey(name):
    grey = np.repeat(planar(IMAGE)[:1], 3, axis=0)
    changed = OPERATIONS[name](grey, 1.0, np.random.default_rng(0))
    assert np.allclose(np.ptp(changed, axis=0), 0, atol=1e-2)


@pytest.mark.parametrize(
    "wrong",
    [{"chains": 0}, {"depth": (0, 2)}, {"depth": (3, 2)}, {"strength": 1.5}, {"alpha": 0.0}, {"operations": ()}],
)
def test_mixing_rejects_settings(wrong):
    with pytest.raises(TrainingError, match=r"^Expected .* for mixing, got"):
        Mixing(**wrong)


def test_mixing_rejects_unknown_operation():
    with pytest.raises(UnknownNameError, match="mixing operation, got 'hues': did you mean hue"):
        Mixing(operations=("hues",))
