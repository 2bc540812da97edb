"""Writing submissions: content, the same bytes each time, what is refused."""

import json
import shutil

import pytest

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.results import load_results, verify
from robustbench_endo.submission.contents import Replay, Statement
from robustbench_endo.submission.write import write_submission


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_submission_is_a_run_without_images(run, submitted):
    files = contents(submitted)
    assert not [name for name in files if name.endswith((".png", ".webp", ".jpg", ".html"))]
    assert [name for name in contents(run) if name.startswith("gallery")]
    assert {"README.md", "run.json", "results.parquet", "summary.csv", ".eval_results/one.yaml"} <= set(files)
    results = load_results(submitted)
    assert results.table().equals(load_results(run).table())
    assert all(check.passed for check in verify(results))


def test_description_names_every_file_and_what_was_said(submitted):
    description = json.loads((submitted / "submission.json").read_text("utf-8"))
    assert set(description["files"]) == set(contents(submitted)) - {"submission.json"}
    assert description["training_data"] == {"one": "EndoVis 2017", "two": "not stated"}
    assert description["dataset"] == "org/data"
    assert description["checks"] == ["a check"]
    assert description["checker"]
    assert (description["run"]["frames"], description["run"]["subjects"]) == (8, 2)


def test_same_run_gives_the_same_bytes(run, tmp_path):
    for name in ("first", "second"):
        write_submission(run, tmp_path / name, replay=Replay(2, ("one",)))
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_run_may_be_named_by_its_records(run, submitted, tmp_path):
    write_submission(
        run / "results.parquet", tmp_path / "s", Statement("org/data", {"one": "EndoVis 2017"}), ["a check"]
    )
    assert contents(tmp_path / "s") == contents(submitted)


def test_folder_with_files_or_inside_the_run_is_refused(run, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(RunError, match="Expected a new or empty folder for the submission"):
        write_submission(run, tmp_path / "full")
    assert contents(tmp_path / "full") == {"mine.txt": b"mine"}
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="Expected a new or empty folder"):
        write_submission(run, tmp_path / "file")
    with pytest.raises(RunError, match="Expected a folder outside of the run"):
        write_submission(run, run / "submission")
    with pytest.raises(RobustEndoError, match="Expected training data of a model of the run, got 'other'"):
        write_submission(run, tmp_path / "s", Statement("", {"other": "x"}))


def test_run_that_does_not_verify_leaves_no_folder(run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    (copy / "summary.csv").write_text((copy / "summary.csv").read_text().replace("one", "uno"))
    with pytest.raises(RunError, match=r"summary\.csv changed"):
        write_submission(copy, tmp_path / "s")
    assert not (tmp_path / "s").exists()
    with pytest.raises(RunError, match="Expected a finished run"):
        write_submission(tmp_path / "nowhere", tmp_path / "s")
