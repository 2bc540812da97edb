"""The classification metrics of EndoARSS, compared with the modules of its authors."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.tasks.classification.endoarss import EndoARSSAccuracy, EndoARSSF1, endoarss_accuracy, endoarss_f1
from robustbench_endo.tasks.registry import get_task

PARITY = Path(__file__).parents[5] / "shared" / "parity" / "paper_metrics.npz"


def test_endoarss_activity_equals_authors_modules():
    if not PARITY.is_file():
        pytest.skip("needs the numbers of the authors' modules (paper_metrics.npz), which are not in the repository")
    authors = np.load(PARITY)
    confusion = np.zeros((3, 3))
    np.add.at(confusion, (authors["cls_gt"], authors["cls_pred"]), 1)
    assert float(endoarss_accuracy(confusion)) == pytest.approx(float(authors["cls_acc_reported"]), abs=1e-15)
    assert float(endoarss_f1(confusion)) == pytest.approx(float(authors["cls_f1_reported"]), abs=1e-15)


def test_endoarss_accuracy_is_a_precision():
    # Three of four frames are correct; the class that is never predicted counts as 0.
    confusion = np.array([[2, 0, 0], [0, 1, 0], [0, 1, 0]])
    assert float(endoarss_accuracy(confusion)) == pytest.approx((1 + 0.5 + 0) / 3, abs=1e-7)


def test_endoarss_metrics_preserve_leading_axes():
    confusion = np.random.default_rng(0).integers(0, 9, (5, 2, 3, 3))
    assert endoarss_accuracy(confusion).shape == endoarss_f1(confusion).shape == (5, 2)
    assert endoarss_f1(confusion)[3, 1] == endoarss_f1(confusion[3, 1])


def test_endoarss_statistics_count_pairs_of_labels():
    records = pd.DataFrame({"activity_target": [0, 2, 2, -1, 1], "activity_prediction": [0, 1, 2, 1, -1]})
    accuracy = EndoARSSAccuracy(get_task("activity"))
    table = accuracy.statistics(records, 3).sum(0).reshape(3, 3)
    assert table.tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 1]]
    assert accuracy.formula(table.reshape(-1)) == pytest.approx((1 + 0 + 1) / 3)
    assert np.isnan(accuracy.formula(np.zeros(9)))
    assert accuracy.higher_is_better
    assert EndoARSSF1(get_task("activity")).higher_is_better
