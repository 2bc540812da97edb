import pytest
import torch

from robustbench_endo.metrics import STANDARD, SegmentationBatch
from robustbench_endo.metrics.calibration import confidence_and_entropy


@pytest.mark.parametrize("metric", STANDARD, ids=lambda metric: metric.name)
def test_update_compute_reset(metric, label_maps):
    batch = SegmentationBatch(label_maps(0), label_maps(1), 4)
    scorer = metric()
    scorer.update(batch)
    scorer.update(batch)
    assert scorer.compute().shape == (2,)
    scorer.reset()
    assert scorer.compute().shape == (0,)


@pytest.mark.parametrize("metric", STANDARD, ids=lambda metric: metric.name)
def test_a_perfect_answer_is_best_and_a_worse_one_is_worse(metric, label_maps):
    target = label_maps(2)
    perfect, worse = metric(), metric()
    perfect.update(SegmentationBatch(target, target, 4))
    worse.update(SegmentationBatch(target.roll(5, 2), target, 4))
    best, other = float(perfect.compute()), float(worse.compute())
    assert best == pytest.approx(1.0 if metric.higher_is_better else 0.0, abs=1e-6)
    assert (best > other) == metric.higher_is_better


@pytest.mark.parametrize("metric", STANDARD, ids=lambda metric: metric.name)
def test_nothing_to_score_is_not_a_number(metric, label_maps):
    scorer = metric()
    scorer.update(SegmentationBatch(label_maps(0), torch.full_like(label_maps(0), 255), 4))
    assert bool(scorer.compute().isnan().all())


def test_confidence_and_entropy_by_hand():
    probability = torch.tensor([[0.5, 0.25, 0.25], [1.0, 1e-30, 1e-30]])
    confidence, entropy = confidence_and_entropy(probability.log())
    torch.testing.assert_close(confidence, torch.tensor([0.5, 1.0]))
    torch.testing.assert_close(entropy, torch.tensor([1.5 * torch.log(torch.tensor(2.0)), 0.0]))
    maps = probability.log()[:, :, None, None].expand(-1, -1, 4, 5)
    torch.testing.assert_close(confidence_and_entropy(maps)[0], confidence)
