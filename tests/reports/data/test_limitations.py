"""Limitations follow from the run: each is stated where it is true, and only there."""

from __future__ import annotations

import pytest

from robustbench_endo.reports.data.limitations import limitations

NEVER = ("computer-generated", "adapted at test time", "NaN or infinite", "could not be read", "--limit", "own subject")


def synthetic(frame, info):
    info["data"]["synthetic"] = True


def limited(frame, info):
    info["config"] = {"limit": 2}


def adapted(frame, info):
    info["adaptation"] = {"method": "bn", "batch_size": 4}


def unreadable(frame, info):
    info["failures"] = [{"id": "a", "reason": "broken"}]


def independent(frame, info):
    info["data"]["subject_source"] = "independent frames"


def invalid(frame, info):
    frame.loc[frame.index[0], ["segmentation_confidence", "activity_confidence"]] = float("nan")


CASES = [
    (synthetic, "computer-generated"),
    (limited, "limited to 2 frames"),
    (adapted, "adapted at test time (bn)"),
    (unreadable, "1 frame could not be read"),
    (independent, "counts as its own subject"),
    (invalid, "1 prediction of first were NaN"),
]


@pytest.mark.parametrize(("edit", "expected"), CASES)
def test_limitations_state_what_is_true_of_the_run(make_run, edit, expected):
    run = make_run(["first", "second"], ["smoke"], [1], frames=2, gallery=False, edit=edit)
    text = " ".join(limitations(run, ""))
    assert expected in text
    assert sum(each in text for each in NEVER) == 1


def test_limitations_name_training_corruptions_seeds_and_draws(annotated_run):
    text = " ".join(limitations(annotated_run, "Only 2 subjects."))
    assert "Only 2 subjects." in text
    assert "first was trained on smoke" in text
    assert "second was trained" not in text
    assert "One training seed of each model" in text


def test_limitations_of_clean_frames_only_deny_robustness(make_run):
    run = make_run(["one"], [], [], frames=2, gallery=False)
    text = " ".join(limitations(run, ""))
    assert "says nothing about robustness" in text
    assert "simulated" not in text
