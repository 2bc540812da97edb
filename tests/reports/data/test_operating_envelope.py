"""Safe operating range and robustness relative to clean."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.reports.data.estimates import estimate_scores
from robustbench_endo.reports.data.operating_envelope import (
    BOUND,
    describe_thresholds,
    envelope_table,
    operating_envelope,
    relative_robustness,
)
from robustbench_endo.results import Resampling

SETTINGS = Resampling(resamples=200)


def test_operating_envelope_threshold_is_a_fraction_of_the_best_clean_score(usual_run):
    part = operating_envelope(usual_run, estimate_scores(usual_run, ("dice_worst_class",), SETTINGS), SETTINGS)
    best = usual_run.table(("dice_worst_class",))["dice_worst_class"].loc[("clean", "clean")].max()
    assert part.threshold == np.floor(0.8 * best)
    assert part.metric.name == "dice_worst_class"
    assert "6 frames of 2 subjects" in part.table.caption


def lost_wrist(frame, info):
    """The wrist is never labelled: the mean Dice hides it."""
    frame["fn_2"] += frame["tp_2"]
    frame["tp_2"] = 0


def test_envelope_table_names_the_class_that_a_mean_hides(make_run):
    results = make_run(corruptions=["smoke"], gallery=False, edit=lost_wrist)
    table = envelope_table(results, {"dice": 0.05}, SETTINGS)
    assert min(cell.level for cell in table.cells) > 0
    assert {cell.remarks[0] for cell in table.cells} == {"Dice of wrist only 0.0\u00a0%"}
    worst = envelope_table(results, {"dice_worst_class": 0.05}, SETTINGS)
    assert {cell.text for cell in worst.cells} == {"not even clean"}
    assert not any("only" in remark for cell in worst.cells for remark in cell.remarks)


def test_envelope_table_says_which_class_no_mask_shows(make_run):
    def only_predicted(frame, info):
        frame[["tp_2", "fn_2"]] = 0

    results = make_run(corruptions=["smoke"], gallery=False, edit=only_predicted)
    table = envelope_table(results, {"dice_worst_class": 0.05}, SETTINGS)
    assert table.remarks == (
        BOUND,
        "Not counted, because no mask of the run shows it: wrist.",
    )
    assert {cell.level for cell in table.cells} == {5}
    shaft = envelope_table(results, {"dice[shaft]": 0.05}, SETTINGS)
    assert [cell.level for cell in shaft.cells] == [cell.level for cell in table.cells]


def test_envelope_table_rejects_an_unknown_class(usual_run):
    with pytest.raises(RobustEndoError) as error:
        envelope_table(usual_run, {"dice[tip]": 0.5}, SETTINGS)
    assert str(error.value) == (
        "Expected a class of the run (background, shaft, wrist), got 'tip' in dice[tip]: choose one of them."
    )


def test_envelope_table_levels_equal_the_envelope_of_the_results(usual_run):
    thresholds = {"dice": 0.5, "hd95": 60.0}
    table = envelope_table(usual_run, thresholds, SETTINGS)
    records = usual_run.envelope(thresholds, SETTINGS).set_index(["corruption", "model"])
    for row, name in zip(table.rows, usual_run.corruptions, strict=True):
        for model, cell in zip(usual_run.models, row.cells, strict=True):
            record = records.loc[(name, model)]
            assert cell.level == (0 if np.isnan(float(record["severity"])) else int(record["severity"]))
            if cell.level:
                assert cell.detail == f"distortion {record['distortion']:.2f}"
    hopeless = envelope_table(usual_run, {"dice": 1.0}, SETTINGS)
    assert {cell.text for cell in hopeless.cells} == {"not even clean"}
    assert {cell.remarks for cell in hopeless.cells} == {("limit: Dice",)}


def test_describe_thresholds_uses_units_and_directions(usual_run):
    assert describe_thresholds(usual_run, {"dice": 0.5, "hd95": 60.0}) == "Dice ≥ 50 % and HD95 ≤ 60 px"


def test_relative_robustness_ends_before_the_first_severity_below_the_fraction(usual_run):
    table = relative_robustness(usual_run, fraction=0.7).table
    scores = usual_run.scores().set_index(["model", "corruption", "severity"])["miou"]
    floor = usual_run.floors().set_index(["floor", "corruption", "severity"])["miou"]["background everywhere"]
    for row, name in zip(table.rows, usual_run.corruptions, strict=True):
        for model, cell in zip(usual_run.models, row.cells, strict=True):
            limit = floor["clean", 0] + 0.7 * (scores[model, "clean", 0] - floor["clean", 0])
            cleared = [scores[model, name, s] >= limit for s in usual_run.severities]
            assert cell.level == (cleared.index(False) if False in cleared else 5)


def test_relative_robustness_of_a_model_below_the_floor_is_unknown(make_run):
    def useless(frame, info):
        first = frame["model"] == info["models"][0]["name"]
        frame.loc[first, ["fp_0", "fp_1", "fp_2"]] += 10_000

    results = make_run(corruptions=["smoke"], gallery=False, edit=useless)
    assert relative_robustness(results).table.rows[0].cells[0].text == "–"


def test_relative_robustness_of_a_missing_severity_is_unknown(make_run):
    def remove(frame, info):
        return frame.drop(frame.index[(frame["corruption"] == "smoke") & (frame["severity"] == 3)])

    table = relative_robustness(make_run(gallery=False, edit=remove)).table
    smoke = next(row for row in table.rows if row.label == "Smoke")
    assert [(cell.text, cell.level) for cell in smoke.cells] == [("–", None)] * 3


def test_relative_robustness_needs_a_metric(make_run, unscored):
    assert relative_robustness(make_run(gallery=False, edit=unscored)) is None


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_relative_robustness_at_extreme_fractions(usual_run, fraction):
    levels = {cell.level for cell in relative_robustness(usual_run, fraction).table.cells}
    assert max(levels) == 5 if fraction == 0 else max(levels) < 5
