"""A model and its twin: known differences, equivalence, disagreement and wrong arguments."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.results import Resampling
from robustbench_endo.results.back_to_back import ALL, NO_PREDICTIONS, back_to_back, is_equivalent, write_table

COLUMN, METRIC = "dice_mean", "dice_per_image"


@pytest.fixture
def twins(make_results):
    """Models a and b with the same records, which ``change(frame of b)`` may change."""

    def make(change=lambda frame: frame, **options):
        results = make_results(models=("a",), **options)
        twin = change(results.frame.copy()).assign(model="b")
        info = {**results.info, "models": [{"name": "a"}, {"name": "b"}]}
        return replace(results, frame=pd.concat([results.frame, twin], ignore_index=True), info=info)

    return make


def lower(amount, condition=lambda frame: frame["severity"] >= 0):
    def change(frame):
        noise = np.random.default_rng(1).normal(0, 0.002, len(frame))
        return frame.assign(**{COLUMN: frame[COLUMN] - amount * condition(frame) + noise})

    return change


def test_identical_models_are_equivalent(twins):
    result = back_to_back(twins(), "a", "b", METRIC, margin=0.5)
    assert (result.table["difference"] == 0).all()
    assert (result.table["verdict"] == "equivalent").all()
    assert (result.table[["only_first_fails", "only_second_fails"]] == 0).all(axis=None)
    assert result.verdict == (
        "b and a are equivalent within 0.5 percentage points, clean and at every severity, over all corruptions."
    )
    assert result.warnings[0] == NO_PREDICTIONS


def test_a_planted_difference_is_found_with_its_size(twins):
    results = twins(lower(0.05))
    rows = back_to_back(results, "a", "b", METRIC, margin=1).table.query("scope == @ALL")
    np.testing.assert_allclose(rows["difference"], -5, atol=0.2)
    assert (rows["low"] > -5.5).all()
    assert (rows["high"] < -4.5).all()
    assert set(rows["verdict"]) == {"second worse"}
    within = back_to_back(results, "a", "b", METRIC, margin=10)
    assert set(within.table["verdict"]) == {"equivalent, second worse"}
    assert (
        "was not tested: no difference shown is not the same as equal"
        in back_to_back(results, "a", "b", METRIC).verdict
    )
    assert set(back_to_back(results, "b", "a", METRIC).table["verdict"]) == {"second better"}


def test_widening_is_the_difference_less_the_clean_one(twins):
    results = twins(lower(0.04, lambda frame: (frame["severity"] == 3) & (frame["corruption"] == "smoke")))
    table = back_to_back(results, "a", "b", METRIC, margin=1).table.set_index(["scope", "severity"])
    assert table.loc[("occlusion", 3), "widening"] == pytest.approx(-4, abs=0.2)
    assert table.loc[(ALL, 3), "widening"] == pytest.approx(-2, abs=0.2)
    assert table.loc[(ALL, 1), "widening"] == pytest.approx(0, abs=0.2)
    assert np.isnan(table.loc[(ALL, 0), "widening"])
    assert ("occlusion", 0) not in table.index


def test_only_one_fails_counts_frames_that_one_model_fails(twins):
    def fail_half(frame):
        number = np.arange(len(frame))
        counts = [name for name in frame if name.startswith("tp_")]
        return frame.assign(**{name: np.where(number % 2, 0, frame[name]) for name in (*counts, COLUMN)})

    results = twins(fail_half)
    table = back_to_back(results, "a", "b", METRIC, thresholds={"segmentation": 0.01}).table
    assert (table["only_first_fails"] == 0).all()
    assert table.query("scope == @ALL and severity == 0")["only_second_fails"].item() == pytest.approx(50)


@pytest.mark.parametrize("edge", [1.0, -1.0])
def test_equivalence_is_rarely_claimed_at_the_margin(edge):
    random, settings = np.random.default_rng(0), Resampling(resamples=200)
    claims = [is_equivalent(random.normal(edge, 0.5, 10), 1.0, settings) for _ in range(400)]
    assert np.mean(claims) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 400)


def test_equivalence_is_claimed_for_small_differences():
    random, settings = np.random.default_rng(0), Resampling(resamples=200)
    assert np.mean([is_equivalent(random.normal(0, 0.5, 10), 1.0, settings) for _ in range(200)]) > 0.95
    assert not is_equivalent(np.array([0.1]), 1.0, settings)  # one subject shows nothing


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("a", "c"), {}, "Expected a model of the runs, got 'c': choose from a, b"),
        (("a", "a"), {}, "Expected two models to compare back to back, got 'a' twice"),
        (("a", "b"), {"metric": "nope"}, "Expected a metric of the run, got 'nope'"),
        (("a", "b"), {"margin": 0.0}, "Expected a margin above 0 in the unit of the metric, got 0"),
        (("a", "b"), {"margin": float("inf")}, "Expected a margin above 0 in the unit of the metric, got inf"),
        (("a", "b"), {"resampling": Resampling(unit="frame")}, "Expected intervals by subject back to back"),
        (("a", "b"), {"thresholds": {"segmentation": 2.0}}, "Expected a failure threshold above 0 and at most 1"),
    ],
)
def test_back_to_back_explains_wrong_arguments(twins, arguments, options, message):
    with pytest.raises(RobustEndoError, match=message):
        back_to_back(twins(), *arguments, **options)


def test_write_table_writes_csv_and_json(twins, tmp_path):
    result = back_to_back(twins(), "a", "b", METRIC)
    assert len(pd.read_csv(write_table(result, tmp_path / "t.csv"))) == len(result.table)
    assert json.loads(write_table(result, tmp_path / "t.json").read_text())[0]["scope"] == ALL
    with pytest.raises(RobustEndoError, match=r"Expected a file that ends in \.csv or \.json"):
        write_table(result, tmp_path / "t.xlsx")
