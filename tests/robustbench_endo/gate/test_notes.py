"""Notes of a gate: what limits its verdicts."""

import numpy as np

from robustbench_endo.gate import run_gate
from robustbench_endo.results import Results


def test_notes_name_few_subjects_excluded_frames_and_untested_models(run_of, plan_of):
    run = run_of(subjects=6, models=("a", "b"))
    run = Results(run.frame, {**run.info, "failures": [{"id": "x.png", "reason": "It is broken."}]})
    notes = " ".join(run_gate(run, plan_of({"at_least": 0.5}), models=["a"]).notes)
    assert "Only 6 subjects" in notes
    assert "1 frame of the data could not be used" in notes
    assert "Models of the run that were not tested: b." in notes


def test_notes_name_frames_that_a_distance_leaves_out(run_of, plan_of):
    run = run_of()
    frame = run.frame.copy()
    first = frame["image_id"].str[-7:-4].astype(int) < 8  # one of the ten frames of each subject
    frame.loc[first & (frame["corruption"] == "smoke"), "hd95"] = np.nan
    notes = run_gate(Results(frame, run.info), plan_of({"metric": "hd95", "at_most": 90})).notes
    assert "hd95 is not defined for 10% of the corrupted frames of new (0% of the clean ones)" in " ".join(notes)


def test_notes_name_a_difference_in_adaptation(run_of, plan_of):
    new, old = (run_of(name=name) for name in ("new", "old"))
    adapted = Results(new.frame, {**new.info, "adaptation": {"method": "bn", "batch_size": 8}})
    assert "differ in the adaptation" in " ".join(run_gate(adapted, plan_of({"non_inferior": 0.1}), old).notes)
