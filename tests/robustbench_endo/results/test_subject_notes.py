"""Labels that few subjects show are named with the intervals."""

import pytest

from robustbench_endo.results.subject_notes import subject_note


def hide(results, label, subjects):
    """The results whose masks show a label only in some subjects."""
    frame = results.frame.copy()
    hidden = ~frame["subject_id"].isin(sorted(frame["subject_id"].unique())[:subjects])
    frame.loc[hidden, [f"tp_{label}", f"fn_{label}"]] = 0
    return type(results)(frame, results.info)


def test_subject_note_is_empty_where_every_label_is_in_three_subjects(results):
    assert subject_note(results) == ""
    assert subject_note(hide(results, 2, 3)) == ""
    assert results.units().warning == ""


@pytest.mark.parametrize("subjects", [1, 2])
def test_subject_note_names_rare_labels(results, subjects):
    rare = hide(results, 2, subjects)
    assert subject_note(rare).startswith(f"Shown by fewer than 3 subjects: z ({subjects} of 12). Intervals of means")
    assert subject_note(rare) in rare.units().warning


def test_subject_note_ignores_labels_that_occur_nowhere(results):
    assert subject_note(hide(results, 2, 0)) == ""


def test_subject_note_names_labels_of_every_task(make_results):
    note = subject_note(make_results(frames=4, subjects=4))
    assert note.count("(1 of 4)") + note.count("(2 of 4)") == 3
    assert "more" not in note


@pytest.mark.parametrize("subjects", [1, 2])
def test_subject_note_of_too_few_subjects_is_empty(make_results, subjects):
    assert subject_note(make_results(subjects=subjects)) == ""


def test_subject_note_says_where_subjects_come_from(make_results):
    results, text = make_results(subjects=1), "The data give no subjects."
    noted = type(results)(results.frame, {**results.info, "data": {"subject_note": text}})
    assert subject_note(noted) == text
    assert text in noted.units().warning
    assert text in noted.scores(True).attrs["warning"]


def test_subject_note_counts_labels_on_clean_frames(results):
    frame = results.frame.copy()
    few = frame["subject_id"].isin(sorted(frame["subject_id"].unique())[2:]) & (frame["corruption"] == "clean")
    frame.loc[few, ["tp_2", "fn_2"]] = 0
    assert "z (2 of 12)" in subject_note(type(results)(frame, results.info))
