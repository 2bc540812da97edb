"""Results: what a run tells about itself, user-defined metrics, and metrics of the protocol `endoarss`."""

import json

import numpy as np
import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.results import Bootstrap, Results, compare
from robustbench_endo.tasks.classification.endoarss import endoarss_accuracy, endoarss_f1
from robustbench_endo.tasks.segmentation.endoarss import endoarss_iou

ENDOARSS = {"endoarss_miou", "endoarss_dice", "endoarss_accuracy", "endoarss_f1", "endoarss_hd", "endoarss_ssim"}


@pytest.fixture
def endoarss(results):
    frame = results.frame.assign(endoarss_hd=7.0, endoarss_ssim=0.25)
    return Results(frame, {**results.info, "protocol": "endoarss"})


def test_results_describe_the_run(results):
    assert results.protocol == "standard"
    assert json.dumps(dict(results.info))
    assert (results.models, results.corruptions, results.severities) == (["a", "b"], ["smoke", "contrast"], [1, 3])
    assert [task.name for task in results.tasks] == ["activity", "segmentation"]
    assert results.headlines == ("accuracy", "miou")
    assert set(results.frame.columns) == set(results.schema.names)
    assert repr(results) == "Results(2 models x 24 frames x 5 conditions, path=None)"


def test_scores_of_user_metric(results):
    declaration = {"name": "tip_error", "label": "Tip error", "unit": "px", "higher_is_better": False}
    custom = Results(results.frame.assign(tip_error=1.5), {**results.info, "metrics": [declaration]})
    assert (custom.scores()["tip_error"] == 1.5).all()
    assert (custom.table(["tip_error"]) == 1.5).all(axis=None)
    assert custom.metric("tip_error").label == "Tip error"
    with pytest.raises(RobustEndoError, match="a metric of the run, got 'tip_error'"):
        results.metric("tip_error")


# Values of version 1 on the same records: value, low, high.
GOLDEN_SCORES = {
    "miou": (37.45456146331041, 35.134924139425216, 40.089578023424345),
    "dice": (54.495957080971294, 51.999620760090906, 57.228977145722126),
    "miou_per_image": (54.15770654747878, 51.49596857975439, 57.14597341047081),
    "hd95": (37.28114970804542, 35.283518470783335, 39.012182340564415),
    "hd_diagonal": (7193.793800753654, 6151.221819832194, 8132.118422431632),
    "missed_rate": (58.333333333333336, 45.83333333333333, 71.99192452508889),
    "accuracy": (70.83333333333334, 45.83333333333333, 91.66666666666666),
    "macro_f1": (70.1860231271996, 48.039697211095316, 92.31250155187344),
    "ece": (18.821821455416032, 0.0, 25.808090480899445),
    "segmentation_ece": (1.7137635315619286, 0.4235605154976676, 2.441300552206207),
    "brier": (0.5571123629940089, 0.523671179882492, 0.5947126811843811),
}
GOLDEN_AGGREGATES = {
    "mean": (51.2745221051174, 49.77987427258877, 53.18091293466552),
    "relative": (63.76499972214668, 59.99929773439793, 66.82734577325762),
    "worst_frames": (52.318820278664035, 49.90665878582112, 54.43360740419283),
    "mce": (95.6156771973943, 90.292748612958, 100.60815164733344),
    "relative_mce": (85.9766765919135, 71.15598708900872, 119.03017435779805),
}


def test_scores_equal_version_1(results):
    scores = results.scores(Bootstrap(resamples=300))
    row = scores.query("model == 'a' and corruption == 'smoke' and severity == 3").iloc[0]
    for name, expected in GOLDEN_SCORES.items():
        assert tuple(row[[name, f"{name}_low", f"{name}_high"]]) == pytest.approx(expected, rel=1e-12), name


def test_robustness_equals_version_1(results):
    table = results.robustness(("miou",), "b", Bootstrap(resamples=300))["a"].loc["miou"]
    for name, expected in GOLDEN_AGGREGATES.items():
        assert tuple(table.loc[name]) == pytest.approx(expected, rel=1e-12), name


def test_comparison_and_failures_equal_version_1(results):
    rows = compare(results, ("miou",), bootstrap=Bootstrap(resamples=300)).differences
    row = rows.query("corruption == 'smoke'").iloc[0]
    expected = (-3.306936101051761, -7.095021141369535, -0.687370286033193, 0.030143669241116333, 0.060287338482232666)
    assert tuple(row[["difference", "low", "high", "p", "p_holm"]]) == pytest.approx(expected, rel=1e-12)
    mean = results.failures().loc[("mean", "all")].xs("a", level="model")
    names = ["segmentation_failed", "segmentation_silent", "activity_failed", "activity_silent"]
    assert tuple(mean[names]) == pytest.approx((17.708333333333336, 0.0, 33.333333333333336, 3.125), rel=1e-12)
    joint = results.joint_failures().loc["a"]
    expected = (56.25, 10.416666666666666, 26.041666666666668, 7.291666666666667, 0.07718039326790731)
    assert tuple(joint) == pytest.approx(expected, rel=1e-12)


def test_endoarss_metrics_only_in_runs_of_the_protocol(results, endoarss):
    assert not ENDOARSS & set(results.scores().columns)
    assert set(endoarss.scores().columns) >= ENDOARSS
    assert (endoarss.scores()["endoarss_ssim"] == 25).all()
    assert (endoarss.scores()["endoarss_hd"] == 7).all()


def test_endoarss_metrics_are_formulas_of_summed_counts(endoarss):
    rows = endoarss.frame.query("model == 'a' and corruption == 'smoke' and severity == 3")
    counts = [[rows[f"{kind}_{c}"].sum() for c in range(3)] for kind in ("tp", "fp", "fn")]
    confusion = np.zeros((3, 3))
    np.add.at(confusion, (rows["activity_target"], rows["activity_prediction"]), 1)
    scores = endoarss.scores().query("model == 'a' and corruption == 'smoke' and severity == 3").iloc[0]
    assert scores["endoarss_miou"] == pytest.approx(100 * endoarss_iou(*counts).mean())
    assert scores["endoarss_accuracy"] == pytest.approx(100 * float(endoarss_accuracy(confusion)))
    assert scores["endoarss_f1"] == pytest.approx(100 * float(endoarss_f1(confusion)))


def test_endoarss_metrics_have_intervals_and_are_nan_without_targets(endoarss):
    table = endoarss.table(("endoarss_miou", "endoarss_f1"), Bootstrap(resamples=300))
    assert (table["endoarss_miou", "a", "low"] < table["endoarss_miou", "a", "high"]).all()
    counts = [name for name in endoarss.frame if name.startswith(("tp_", "fp_", "fn_"))]
    without = Results(endoarss.frame.assign(**dict.fromkeys(counts, 0), activity_target=-1), endoarss.info)
    assert (
        without.scores()[["endoarss_miou", "endoarss_dice", "endoarss_accuracy", "endoarss_f1"]].isna().all(axis=None)
    )
