"""Numbers of the protocol `paper` have columns of their own, in runs of that protocol alone."""

import numpy as np
import pytest

from robustbench_endo.results import Bootstrap, Results
from robustbench_endo.results.dataset_scores import endoarss_accuracy, endoarss_f1, endoarss_iou

PAPER = {"endoarss_miou", "endoarss_dice", "endoarss_accuracy", "endoarss_f1", "endoarss_hd", "endoarss_ssim"}


@pytest.fixture
def paper(results):
    frame = results.frame.assign(endoarss_hd=7.0, endoarss_ssim=0.25)
    return Results(frame, {**results.info, "protocol": "endoarss"})


def test_they_stand_in_runs_of_the_protocol_only(results, paper):
    assert not PAPER & set(results.scores().columns)
    assert set(paper.scores().columns) >= PAPER
    assert (paper.scores()["endoarss_ssim"] == 25).all()
    assert (paper.scores()["endoarss_hd"] == 7).all()


def test_they_are_the_authors_definitions_of_the_summed_counts(paper):
    rows = paper.frame.query("model == 'a' and corruption == 'smoke' and severity == 3")
    counts = [[rows[f"{kind}_{c}"].sum() for c in range(3)] for kind in ("tp", "fp", "fn")]
    confusion = np.zeros((3, 3))
    np.add.at(confusion, (rows["activity_target"], rows["activity_prediction"]), 1)
    found = paper.scores().query("model == 'a' and corruption == 'smoke' and severity == 3").iloc[0]
    assert found["endoarss_miou"] == pytest.approx(100 * endoarss_iou(*counts).mean())
    assert found["endoarss_accuracy"] == pytest.approx(100 * float(endoarss_accuracy(confusion)))
    assert found["endoarss_f1"] == pytest.approx(100 * float(endoarss_f1(confusion)))


def test_they_have_intervals_and_no_masks_no_number(paper):
    table = paper.table(("endoarss_miou", "endoarss_f1"), Bootstrap(resamples=300))
    assert (table["endoarss_miou", "a", "low"] < table["endoarss_miou", "a", "high"]).all()
    counts = [name for name in paper.frame if name.startswith(("tp_", "fp_", "fn_"))]
    without = Results(paper.frame.assign(**dict.fromkeys(counts, 0), activity_target=-1), paper.info)
    assert (
        without.scores()[["endoarss_miou", "endoarss_dice", "endoarss_accuracy", "endoarss_f1"]].isna().all(axis=None)
    )
