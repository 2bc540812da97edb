from pathlib import Path

import numpy as np
import pytest
import torch

from robustbench_endo.metrics import Segmented, class_counts
from robustbench_endo.metrics.endoarss import PAPER, PaperHausdorff, PaperSSIM

PARITY = Path(__file__).parents[4] / "shared" / "parity" / "paper_metrics.npz"


@pytest.fixture(scope="module")
def authors():
    if not PARITY.is_file():
        pytest.skip("needs the numbers of the authors' modules (paper_metrics.npz), which are not in the repository")
    return np.load(PARITY)


@pytest.mark.parametrize(("metric", "name"), [(PaperHausdorff, "hd"), (PaperSSIM, "ssim")])
def test_equals_the_authors_modules(authors, metric, name):
    scorer = metric()
    scorer.update(Segmented(torch.from_numpy(authors["pred"]), torch.from_numpy(authors["gt"]), 7))
    np.testing.assert_allclose(scorer.compute().numpy(), authors[name], atol=1e-9)


def test_dataset_scores_equal_the_authors_modules(authors):
    from robustbench_endo.results.dataset_scores import paper_dice, paper_iou

    counts = class_counts(torch.from_numpy(authors["pred"]), torch.from_numpy(authors["gt"]), 7)
    sums = [part.sum(0).numpy() for part in (counts.tp, counts.fp, counts.fn)]
    np.testing.assert_allclose(paper_iou(*sums), authors["iou"], atol=1e-12)
    np.testing.assert_allclose(paper_dice(*sums), authors["dice"], atol=1e-12)
    assert paper_iou(*sums).mean() == pytest.approx(float(authors["miou"]), abs=1e-12)
    assert paper_dice(*sums).mean() == pytest.approx(float(authors["mean_dice"]), abs=1e-12)


def scored(metric, pred, target):
    scorer = metric()
    scorer.update(Segmented(pred, target, 4))
    return float(scorer.compute())


def test_a_mask_and_its_mirror_image_from_top_to_bottom_are_not_apart(label_maps):
    target = label_maps(1)
    assert scored(PaperHausdorff, target.flip(1), target) == 0
    assert scored(PaperHausdorff, target.flip(2), target) > 0


def test_a_constant_prediction_has_no_ssim(label_maps):
    target = label_maps(1)
    assert np.isnan(scored(PaperSSIM, torch.zeros_like(target), target))
    assert scored(PaperSSIM, target, target) == pytest.approx(1)


@pytest.mark.parametrize("metric", PAPER, ids=lambda metric: metric.name)
def test_nothing_to_score_is_not_a_number_and_ignored_pixels_do_not_count(metric, label_maps):
    pred, target = label_maps(0), label_maps(1)
    assert np.isnan(scored(metric, pred, torch.full_like(target, 255)))
    target[0, :20] = 255
    changed = pred.clone()
    changed[0, :20] = 3
    assert scored(metric, pred, target) == scored(metric, changed, target)
