import numpy as np
import pytest
import torch

from robustbench_endo.metrics.calibration import brier, confidence_bins, lattice, sampled


def test_brier_by_definition():
    torch.manual_seed(0)
    probability = torch.randn(20, 5).softmax(1)
    target = torch.randint(0, 5, (20,))
    truth = torch.nn.functional.one_hot(target, 5)
    expected = (probability.double() - truth).square().sum(1)
    torch.testing.assert_close(brier(probability, target), expected)


def test_brier_of_the_surest_answers_and_without_a_target():
    probability = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [1.0, 0.0]])
    found = brier(probability, torch.tensor([0, 0, -1, 7]))
    assert found[:2].tolist() == [0, 2]
    assert bool(found[2].isnan())
    assert float(found[3]) == 2  # a class that the model does not know


@pytest.mark.parametrize("length", [1, 5, 64, 65, 512, 1009])
def test_the_lattice_is_even_and_small(length):
    places = lattice(length)
    assert len(places) == min(64, length)
    assert 0 <= int(places[0]) <= int(places[-1]) < length
    steps = places.diff()
    assert len(steps) == 0 or int(steps.max()) - int(steps.min()) <= 1
    assert len(places.unique()) == len(places)


def test_sampled_takes_the_lattice():
    maps = torch.arange(200 * 130).view(1, 200, 130)
    found = sampled(maps)
    assert found.shape == (1, 64, 64)
    assert int(found[0, 3, 5]) == int(lattice(200)[3]) * 130 + int(lattice(130)[5])


def test_bins_by_definition():
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
        sure = confidence[frame].numpy().astype(np.float64)[known]
        right = (labels[frame] == target[frame]).numpy()[known]
        for b in range(15):
            inside = (sure > b / 15) & (sure <= (b + 1) / 15) if b else sure <= 1 / 15
            # 1/3 in float32 lies a little above: which bin it is in is a matter of rounding.
            assert abs(int(bins.count[frame, b]) - inside.sum()) <= 1
            if bins.count[frame, b] == inside.sum():
                assert bins.right[frame, b] == right[inside].sum()
                assert bins.confidence[frame, b] == pytest.approx(sure[inside].sum(), rel=1e-6)
