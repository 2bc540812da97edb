"""Promises of prediction sets under a simulated shift."""

import dataclasses

import numpy as np
import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.results import Results
from robustbench_endo.results.failure_detection.promise import breaking_severities, promise

ALPHA = 0.2


@pytest.fixture
def make_promised(make_results):
    """A run of one calibrated model whose sets miss ``risks[severity]`` of the foreground, and as many labels."""

    def make(risks, subjects=40, frames=200, unit="subject", checksums=(), alpha=ALPHA):
        plain = make_results(frames=frames, subjects=subjects, corruptions=("smoke",), severities=(1, 3, 5))
        frame, rng = plain.frame.copy(), np.random.default_rng(0)
        names = sorted(set(frame["subject_id"]))
        effect = dict(zip(names, rng.normal(0, 0.03, len(names)), strict=True))
        risk = np.clip(frame["severity"].map(risks) + frame["subject_id"].map(effect), 0, 1).to_numpy(float)
        frame["segmentation_set_fnr"] = np.clip(risk + rng.normal(0, 0.05, len(frame)), 0, 1)
        frame["activity_set_covered"] = (rng.random(len(frame)) >= risk).astype(float)
        frame["segmentation_set_size"] = frame["activity_set_size"] = 1.5
        entry = {"alpha": alpha, "unit": unit, "tasks": {"segmentation": {}, "activity": {}}}
        entry["data"] = {"image_checksums": list(checksums)}
        return Results(frame, {**plain.info, "calibrations": {"a": entry}})

    return make


@pytest.fixture
def shifted(make_promised):
    return make_promised({0: 0.1, 1: 0.15, 3: 0.2, 5: 0.5})


def test_promise_is_shown_then_not_shown_then_broken(shifted):
    table = shifted.promise()
    together = table[(table["corruption"] == "all") & (table["task"] == "segmentation")]
    assert together["verdict"].tolist() == ["shown", "not shown", "broken"]
    assert table["verdict"][table["corruption"] == "clean"].tolist() == ["shown", "shown"]
    assert (table["alpha"] == 20).all()
    assert set(table["model"]) == {"a"}  # b has no calibration


@pytest.mark.parametrize("task", ["segmentation", "activity"])
def test_breaking_severity_of_a_simulated_shift(shifted, task):
    breaks = breaking_severities(promise(shifted)).set_index(["task", "corruption"])
    assert breaks.loc[(task, "all"), "broken_from"] == 5
    assert breaks.loc[(task, "smoke"), "broken_from"] == 5
    assert breaks.loc[(task, "all"), "not_shown_from"] <= 3


def test_promise_that_holds_everywhere_never_breaks(make_promised):
    breaks = breaking_severities(make_promised({0: 0.05, 1: 0.05, 3: 0.06, 5: 0.07}).promise())
    assert breaks[["not_shown_from", "broken_from"]].isna().all(axis=None)


def test_promise_that_is_broken_on_clean_frames_breaks_at_zero(make_promised):
    breaks = breaking_severities(make_promised({0: 0.6, 1: 0.6, 3: 0.6, 5: 0.7}).promise())
    assert (breaks[["not_shown_from", "broken_from"]] == 0).all(axis=None)


def test_risk_is_the_mean_over_patients_of_their_losses(make_promised):
    results = make_promised({0: 0.1, 1: 0.2, 3: 0.3, 5: 0.4}, subjects=7, frames=24)
    table = results.promise().set_index(["task", "corruption", "severity"])
    frame = results.frame[(results.frame["model"] == "a") & (results.frame["severity"] == 3)]
    means = frame.groupby("subject_id")[["segmentation_set_fnr", "activity_set_covered"]].mean().mean()
    assert table.loc[("segmentation", "smoke", 3), "risk"] == pytest.approx(100 * means["segmentation_set_fnr"])
    assert table.loc[("activity", "smoke", 3), "risk"] == pytest.approx(100 - 100 * means["activity_set_covered"])
    assert ((table["low"] <= table["risk"]) & (table["risk"] <= table["high"])).all()


def test_one_patient_shows_nothing(make_promised):
    table = make_promised({0: 0.0, 1: 0.0, 3: 0.5, 5: 1.0}, subjects=1, frames=12).promise()
    assert set(table["verdict"]) == {"not shown"}
    by_frame = make_promised({0: 0.0, 1: 0.0, 3: 0.5, 5: 1.0}, subjects=1, frames=60, unit="frame").promise()
    assert "broken" in set(by_frame["verdict"])
    assert "as if they were independent" in by_frame.attrs["intervals"]


def test_frames_of_the_calibration_void_the_promise(make_promised):
    plain = make_promised({0: 0.1, 1: 0.1, 3: 0.1, 5: 0.1}).frame
    checksum = plain.loc[plain["corruption"] == "clean", "image_checksum"].iloc[0]
    again = make_promised(
        {0: 0.1, 1: 0.1, 3: 0.1, 5: 0.1}, checksums=[f"{int(checksum) & (1 << 64) - 1:016x}", "0" * 16]
    )
    table = again.promise()
    assert set(table["verdict"]) == {"void"}
    assert "The promise of a is void: 1 frame of the run" in table.attrs["warning"]


def test_run_without_calibration_is_refused(results):
    with pytest.raises(RunError, match="Expected a run with calibrated models, got none: evaluate with --calibration"):
        results.promise()


def test_clean_run_has_one_row_per_task(make_promised):
    results = make_promised({0: 0.1, 1: 0.1, 3: 0.1, 5: 0.1})
    clean = dataclasses.replace(
        results,
        frame=results.frame[results.frame["corruption"] == "clean"].reset_index(drop=True),
        info={**results.info, "corruptions": []},
    )
    assert clean.promise()["corruption"].tolist() == ["clean", "clean"]
    assert not len(breaking_severities(clean.promise()))
