"""Fingerprints of frames, and frames that vanish or change during a run."""

from types import SimpleNamespace

import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.data_fingerprint import check_unchanged, fingerprint_data


def total(data, indices):
    """The fingerprint of all frames."""
    return fingerprint_data(data, indices).total


def test_fingerprint_data_depends_on_ids_and_subjects():
    data = SimpleNamespace(name="data", ids=("a", "b"), subjects=("p", "q"))
    other = SimpleNamespace(name="data", ids=("a", "b"), subjects=("p", "p"))
    assert total(data, [0, 1]) == total(data, [0, 1])
    assert len({total(data, [0, 1]), total(data, [1, 0]), total(other, [0, 1])}) == 3


def test_fingerprint_data_is_that_of_the_data_set():
    data = SimpleNamespace(
        name="data", ids=("a", "b"), subjects=("p", "q"), fingerprint=lambda indices: f"of {indices}"
    )
    assert fingerprint_data(data, [0, 1]).frames == {0: "of [0]", 1: "of [1]"}


def test_fingerprint_data_of_an_unreadable_file_raises():
    def fail(indices):
        raise PermissionError(13, "Permission denied", "a.png")

    data = SimpleNamespace(name="data", ids=("a",), subjects=("p",), fingerprint=fail)
    with pytest.raises(RunError, match="Cannot read a.png: Permission denied. Make the data available again"):
        fingerprint_data(data, [0])


def test_check_unchanged_compares_frames(make_plan):
    plan = make_plan(frames=2)
    before, path = plan.fingerprint, plan.dataset.entries[1].image
    check_unchanged(plan.dataset, plan.indices, before)
    path.unlink()
    check_unchanged(plan.dataset, [0], before)
    with pytest.raises(RunError, match="Cannot read .*: it changed or vanished after the run began"):
        check_unchanged(plan.dataset, [0, 1], before)


def test_evaluate_of_data_that_vanish_stops_and_resumes_completely(make_plan, run):
    plan = make_plan(frames=5)
    reference = make_plan(frames=5, out=plan.config.out.with_name("reference"))
    expected = run(reference)
    root, away = plan.dataset.root, plan.dataset.root.with_name("away")

    def vanish(done, total):
        if done and root.exists():
            root.rename(away)

    with pytest.raises(RunError, match="finished work is kept"):
        run(plan, vanish)
    away.rename(root)
    results = run(make_plan(frames=5, dataset=plan.dataset))
    assert not results.info["failures"]
    assert results.frame.equals(expected.frame)


def test_evaluate_of_a_frame_damaged_from_the_start_leaves_it_out(make_plan, run):
    plan = make_plan(frames=3)
    plan.dataset.entries[0].image.write_bytes(b"no image")
    results = run(make_plan(frames=3, dataset=type(plan.dataset)(plan.dataset.root)))
    assert [failure["id"] for failure in results.info["failures"]] == [plan.dataset.ids[0]]
