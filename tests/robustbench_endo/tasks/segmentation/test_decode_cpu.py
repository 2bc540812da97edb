"""The compiled passes over logits equal those that interpolate every class at every pixel, in float64 where it sums."""

import numpy as np
import pytest
import torch

from robustbench_endo.metrics.calibration import confidence_and_entropy
from robustbench_endo.tasks.segmentation.decode_cpu import (
    interpolated,
    interpolated_argmax,
    is_finite,
)
from robustbench_endo.tasks.segmentation.decode_cpu import mean_confidence_and_entropy as summarise
from robustbench_endo.tasks.segmentation.interpolation import interpolation_weights


def mean_confidence_and_entropy(logits):
    return summarise(logits, np.empty(logits.shape[1:], np.float32))


def weights_of(shape, size):
    return [each for pair in zip(shape, size, strict=True) for each in interpolation_weights(*pair)]


def every_class(logits, top, bottom, down, left, right, across):
    """The label of each pixel by interpolating every class in float32; NaN is never the largest."""
    lines = logits[:, top] + down[:, None] * (logits[:, bottom] - logits[:, top])
    first, second = lines[:, :, left], lines[:, :, right]
    values = first + across * (second - first)
    return np.where(np.isnan(values), -np.inf, values).argmax(0)


def scene(seed, classes=6, shape=(14, 18)):
    """Smooth logits: regions where one class leads, with borders between them."""
    coarse = torch.randn(1, classes, 4, 5, generator=torch.Generator().manual_seed(seed))
    return 9 * torch.nn.functional.interpolate(coarse, shape, mode="bicubic")[0].numpy()


def odd_values(seed, kind):
    random, logits = np.random.default_rng(seed), scene(seed)
    some = random.random(logits.shape) < 0.05
    if kind == "equal":
        return np.round(logits / 4)
    if kind == "nearly equal":
        return np.float32(3) + logits * np.float32(2.0**-22)
    if kind == "nan":
        return np.where(some, np.float32(np.nan), logits)
    if kind == "infinite":
        return np.where(some, random.choice(np.float32([np.inf, -np.inf]), logits.shape), logits)
    return logits * np.float32({"huge": 2.0**124, "tiny": 2.0**-148, "plain": 1}[kind])


@pytest.mark.parametrize("kind", ["plain", "equal", "nearly equal", "nan", "infinite", "huge", "tiny"])
@pytest.mark.parametrize("size", [(53, 71), (14, 18), (9, 40), (1, 5)])
@pytest.mark.filterwarnings("ignore:invalid value", "ignore:overflow")
def test_labels_are_those_of_every_class_at_every_pixel(kind, size):
    for seed in range(3):
        logits = np.ascontiguousarray(odd_values(seed, kind), np.float32)
        weights = weights_of(logits.shape[1:], size)
        np.testing.assert_array_equal(interpolated_argmax(logits, *weights), every_class(logits, *weights))


def test_labels_of_one_class_or_one_pixel():
    weights = weights_of((1, 1), (3, 4))
    assert interpolated_argmax(np.float32([[[2]], [[5]]]), *weights).tolist() == [[1] * 4] * 3
    assert interpolated_argmax(np.float32([[[2]]]), *weights).max() == 0


def test_interpolated_values_are_those_of_torch():
    logits = scene(0)
    expected = torch.nn.functional.interpolate(torch.from_numpy(logits)[None], (40, 50), mode="bilinear")[0].numpy()
    np.testing.assert_allclose(interpolated(logits, *weights_of((14, 18), (40, 50))), expected, atol=1e-4)


@pytest.mark.parametrize("scale", [0.01, 1, 30, 1e4])
def test_mean_confidence_and_entropy_equal_float64(scale):
    logits = scene(1, shape=(150, 20)) * np.float32(scale)
    log_probability = torch.log_softmax(torch.from_numpy(logits).double(), 0)
    probability = log_probability.exp()
    expected = probability.amax(0).mean().item(), -(probability * log_probability).sum(0).mean().item()
    assert mean_confidence_and_entropy(logits) == pytest.approx(expected, rel=1e-6, abs=1e-6)
    by_torch = [values.item() for values in confidence_and_entropy(torch.from_numpy(logits)[None])]
    assert mean_confidence_and_entropy(logits) == pytest.approx(by_torch, rel=1e-5, abs=1e-5)


def test_entropy_of_many_classes_does_not_overflow():
    confidence, entropy = mean_confidence_and_entropy(np.zeros((255, 200, 3), np.float32))
    assert (confidence, entropy) == pytest.approx((1 / 255, np.log(255)), rel=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_is_finite_detects_one_value(value):
    logits = scene(2)
    assert is_finite(logits)
    logits[3, 5, 7] = value
    assert not is_finite(logits)
