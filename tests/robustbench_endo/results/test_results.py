"""Results: what a run tells about itself, user-defined metrics, and metrics of the protocol `endoarss`."""

import json

import numpy as np
import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.results import Resampling, Results, compare
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
    assert repr(results).startswith("Results(2 models x 24 frames x 5 conditions, path=None) a, b on 24 frames of 12")


def test_scores_of_user_metric(results):
    declaration = {"name": "tip_error", "label": "Tip error", "unit": "px", "higher_is_better": False}
    custom = Results(results.frame.assign(tip_error=1.5), {**results.info, "metrics": [declaration]})
    assert (custom.scores()["tip_error"] == 1.5).all()
    assert (custom.table(["tip_error"]) == 1.5).all(axis=None)
    assert custom.metric("tip_error").label == "Tip error"
    with pytest.raises(RobustEndoError, match="a metric of the run, got 'tip_error'"):
        results.metric("tip_error")


# Stored values of the same records: value, low, high. The values of metrics are those of version 1.
GOLDEN_SCORES = {
    "miou": (37.45456146331041, 34.984940591935725, 39.95730599563175),
    "dice": (54.495957080971294, 51.86050276651508, 57.11886980351862),
    "miou_per_image": (54.15770654747878, 51.334728915933425, 56.967390601900824),
    "hd95": (37.28114970804542, 35.380728972872866, 39.2312831243916),
    "hd_diagonal": (7193.793800753654, 6237.630718443727, 8218.1111648522),
    "missed_rate": (58.333333333333336, 43.45139915676997, 72.47678707178642),
    "accuracy": (70.83333333333334, 46.75308381214793, 89.91703859541794),
    "macro_f1": (70.1860231271996, 43.77730872147305, 90.84272984231986),
    "ece": (18.821821455416032, 0.0, 76.9628879247068),
    "segmentation_ece": (1.7137635315619286, 0.6227270089523596, 3.3324734361169144),
    "brier": (0.5571123629940089, 0.5243734697795263, 0.5908425598087124),
}

GOLDEN_AGGREGATES = {
    "mean": (51.2745221051174, 49.39392007319278, 53.15332103386835),
    "relative": (47.89294610595035, 43.7480268931403, 52.0378653187604),
    "worst_frames": (52.318820278664035, 49.17440598140105, 55.45406174163464),
    "mce": (95.6156771973943, 90.65620134853391, 100.5751530462547),
    "relative_mce": (85.9766765919135, 65.0299840917539, 106.9233690920731),
}


def test_scores_equal_stored_values(results):
    scores = results.scores(Resampling(resamples=300))
    row = scores.query("model == 'a' and corruption == 'smoke' and severity == 3").iloc[0]
    for name, expected in GOLDEN_SCORES.items():
        assert tuple(row[[name, f"{name}_low", f"{name}_high"]]) == pytest.approx(expected, rel=1e-12), name


def test_robustness_equals_stored_values(results):
    table = results.robustness(("miou",), "b", Resampling(resamples=300))["a"].loc["miou"]
    for name, expected in GOLDEN_AGGREGATES.items():
        assert tuple(table.loc[name]) == pytest.approx(expected, rel=1e-12), name


def test_comparison_and_failures_equal_stored_values(results):
    rows = compare(results, ("miou",), resampling=Resampling()).differences
    row = rows.query("corruption == 'smoke'").iloc[0]
    columns = ["pooled_difference", "difference", "low", "high", "p", "p_adjusted"]
    expected = (
        -3.306936101051761,
        -3.235640416194947,
        -6.5791582918781035,
        0.10787745948820904,
        0.04070911357962955,
        0.05859375,
    )
    assert tuple(row[columns]) == pytest.approx(expected, rel=1e-12)
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
    table = endoarss.table(("endoarss_miou", "endoarss_f1"), Resampling(resamples=300))
    assert (table["endoarss_miou", "a", "low"] < table["endoarss_miou", "a", "high"]).all()
    counts = [name for name in endoarss.frame if name.startswith(("tp_", "fp_", "fn_"))]
    without = Results(endoarss.frame.assign(**dict.fromkeys(counts, 0), activity_target=-1), endoarss.info)
    assert (
        without.scores()[["endoarss_miou", "endoarss_dice", "endoarss_accuracy", "endoarss_f1"]].isna().all(axis=None)
    )
