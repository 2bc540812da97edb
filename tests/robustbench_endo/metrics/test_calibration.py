import numpy as np
import pytest
import torch

from robustbench_endo.metrics.aggregation import bin_of
from robustbench_endo.metrics.calibration import (
    brier,
    confidence_and_entropy,
    confidence_bins,
    sample_pixels,
    sample_positions,
)


def test_brier_by_definition():
    torch.manual_seed(0)
    probability = torch.randn(20, 5).softmax(1)
    target = torch.randint(0, 5, (20,))
    truth = torch.nn.functional.one_hot(target, 5)
    expected = (probability.double() - truth).square().sum(1)
    torch.testing.assert_close(brier(probability, target), expected)


def test_brier_of_certain_predictions_and_without_target():
    probability = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [1.0, 0.0]])
    scores = brier(probability, torch.tensor([0, 0, -1, 7]))
    assert scores[:2].tolist() == [0, 2]
    assert bool(scores[2].isnan())
    assert float(scores[3]) == 2  # a class that the model does not have


@pytest.mark.parametrize("length", [1, 5, 64, 65, 512, 1009])
def test_sample_positions_evenly_spaced(length):
    positions = sample_positions(length)
    assert len(positions) == min(64, length)
    assert 0 <= int(positions[0]) <= int(positions[-1]) < length
    steps = positions.diff()
    assert len(steps) == 0 or int(steps.max()) - int(steps.min()) <= 1
    assert len(positions.unique()) == len(positions)


def test_sample_pixels_uses_sample_positions():
    maps = torch.arange(200 * 130).view(1, 200, 130)
    pixels = sample_pixels(maps)
    assert pixels.shape == (1, 64, 64)
    assert int(pixels[0, 3, 5]) == int(sample_positions(200)[3]) * 130 + int(sample_positions(130)[5])


def test_confidence_bins_by_definition():
    random = np.random.default_rng(0)
    confidence = torch.from_numpy(random.uniform(0.2, 1, (3, 8, 9)).astype(np.float32))
    confidence[0, 0, :4] = torch.tensor([0.0, 1.0, 1 / 3, 0.2])
    labels, target = (torch.from_numpy(random.integers(0, 3, (3, 8, 9), np.uint8)) for _ in range(2))
    target[1] = 255
    target[2, :4] = 255
    bins = confidence_bins(confidence, labels, target)
    assert bins.count.sum(1).tolist() == [72, 0, 36]
    for frame in range(3):
        known = (target[frame] != 255).numpy()
        confidences = confidence[frame].numpy().astype(np.float64)[known]
        correct = (labels[frame] == target[frame]).numpy()[known]
        for b in range(15):
            inside = (confidences > b / 15) & (confidences <= (b + 1) / 15) if b else confidences <= 1 / 15
            # 1/3 in float32 lies a little above, so its bin depends on rounding.
            assert abs(int(bins.count[frame, b]) - inside.sum()) <= 1
            if bins.count[frame, b] == inside.sum():
                assert bins.correct[frame, b] == correct[inside].sum()
                assert bins.confidence[frame, b] == pytest.approx(confidences[inside].sum(), rel=1e-6)


def test_confidence_bins_equal_those_of_numpy_to_the_bit():
    random = torch.Generator().manual_seed(0)
    confidence = torch.rand(2, 64, 64, generator=random).mul(254 / 255).add(1 / 255)
    labels, target = (torch.randint(0, 2, (2, 64, 64), generator=random).byte() for _ in range(2))
    with torch.autocast("cpu", torch.bfloat16):
        bins = confidence_bins(confidence, labels, target)
    for frame in range(2):
        values = confidence[frame].double().flatten().numpy()
        index = bin_of(values)
        assert bins.confidence[frame].tolist() == np.bincount(index, values, 15).astype(np.float32).tolist()
        assert bins.count[frame].tolist() == np.bincount(index, minlength=15).tolist()


def test_confidence_bins_leave_out_ignored_pixels_without_a_confidence():
    confidence, labels = torch.full((1, 2, 2), torch.nan), torch.zeros(1, 2, 2, dtype=torch.uint8)
    bins = confidence_bins(confidence, labels, torch.full_like(labels, 255))
    assert not bins.count.any()
    assert not bins.confidence.any()


def test_confidence_and_entropy_by_hand():
    probability = torch.tensor([[0.5, 0.25, 0.25], [1.0, 1e-30, 1e-30]])
    confidence, entropy = confidence_and_entropy(probability.log())
    torch.testing.assert_close(confidence, torch.tensor([0.5, 1.0]))
    torch.testing.assert_close(entropy, torch.tensor([1.5 * torch.log(torch.tensor(2.0)), 0.0]))
    maps = probability.log()[:, :, None, None].expand(-1, -1, 4, 5)
    torch.testing.assert_close(confidence_and_entropy(maps)[0], confidence)


def test_brier_of_a_label_that_the_model_lacks_counts_it_as_probability_zero():
    probability = torch.tensor([[0.75, 0.25], [0.75, 0.25], [0.75, 0.25]])
    values = brier(probability, torch.tensor([1, 5, -1]))
    assert values[:2].tolist() == pytest.approx([0.75**2 + 0.75**2, 0.75**2 + 0.25**2 + 1])
    assert values[2].isnan()
