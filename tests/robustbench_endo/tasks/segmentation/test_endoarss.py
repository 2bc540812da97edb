"""The segmentation metrics of EndoARSS, compared with the modules of its authors."""

from pathlib import Path

import numpy as np
import pytest
import torch

from robustbench_endo.metrics import class_counts
from robustbench_endo.tasks.segmentation.batch import SegmentationBatch
from robustbench_endo.tasks.segmentation.endoarss import (
    EndoARSSHausdorff,
    EndoARSSMaskSSIM,
    endoarss_dice,
    endoarss_iou,
)

PARITY = Path(__file__).parents[5] / "shared" / "parity" / "paper_metrics.npz"


@pytest.fixture(scope="module")
def authors():
    if not PARITY.is_file():
        pytest.skip("needs the numbers of the authors' modules (paper_metrics.npz), which are not in the repository")
    return np.load(PARITY)


@pytest.mark.parametrize(("metric", "name"), [(EndoARSSHausdorff, "hd"), (EndoARSSMaskSSIM, "ssim")])
def test_endoarss_metric_equals_authors_modules(authors, metric, name):
    scorer = metric()
    scorer.update(SegmentationBatch(torch.from_numpy(authors["pred"]), torch.from_numpy(authors["gt"]), 7))
    np.testing.assert_allclose(scorer.compute().numpy(), authors[name], atol=1e-9)


def test_endoarss_overlap_equals_authors_modules(authors):
    counts = class_counts(torch.from_numpy(authors["pred"]), torch.from_numpy(authors["gt"]), 7)
    sums = [part.sum(0).numpy() for part in (counts.tp, counts.fp, counts.fn)]
    np.testing.assert_allclose(endoarss_iou(*sums), authors["iou"], atol=1e-12)
    np.testing.assert_allclose(endoarss_dice(*sums), authors["dice"], atol=1e-12)
    assert endoarss_iou(*sums).mean() == pytest.approx(float(authors["miou"]), abs=1e-12)
    assert endoarss_dice(*sums).mean() == pytest.approx(float(authors["mean_dice"]), abs=1e-12)


def scored(metric, pred, target):
    scorer = metric()
    scorer.update(SegmentationBatch(pred, target, 4))
    return float(scorer.compute())


def test_endoarss_hausdorff_of_mirrored_mask_is_zero(label_maps):
    target = label_maps(1)
    assert scored(EndoARSSHausdorff, target.flip(1), target) == 0
    assert scored(EndoARSSHausdorff, target.flip(2), target) > 0


def test_endoarss_ssim_of_constant_prediction_is_nan(label_maps):
    target = label_maps(1)
    assert np.isnan(scored(EndoARSSMaskSSIM, torch.zeros_like(target), target))
    assert scored(EndoARSSMaskSSIM, target, target) == pytest.approx(1)


@pytest.mark.parametrize("metric", [EndoARSSHausdorff, EndoARSSMaskSSIM], ids=lambda metric: metric.name)
def test_endoarss_metric_excludes_ignored_pixels(metric, label_maps):
    pred, target = label_maps(0), label_maps(1)
    assert np.isnan(scored(metric, pred, torch.full_like(target, 255)))
    target[0, :20] = 255
    changed = pred.clone()
    changed[0, :20] = 3
    assert scored(metric, pred, target) == scored(metric, changed, target)


def test_endoarss_overlap_counts_absent_class_as_zero():
    iou = endoarss_iou([8, 0], [0, 0], [2, 0])
    np.testing.assert_allclose(iou, [0.8, 0], atol=1e-4)
    np.testing.assert_allclose(endoarss_dice([8, 0], [0, 0], [2, 0]), [16 / 18, 0], atol=1e-4)
