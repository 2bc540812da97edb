"""Checksums of run folders."""

import json
import shutil

import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.results.integrity import (
    check_intact,
    content_sha256,
    damaged_files,
    is_inside,
    read_run,
    run_at,
    run_files,
    write_run,
)


@pytest.fixture
def folder(tmp_path):
    """The files of a finished run."""
    for name in ("results.parquet", "summary.csv", "records/chunk-00000.parquet", "gallery/0/clean-0.webp"):
        path = tmp_path / "run" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "run" / "report.html").write_text("can be written again")
    (tmp_path / "run" / "records" / ".writing-x").write_text("of another process")
    write_run(tmp_path / "run", {"name": "a", "finished": "now"})
    return tmp_path / "run"


def test_write_run_names_every_file_but_reports(folder):
    names = ["gallery/0/clean-0.webp", "records/chunk-00000.parquet", "results.parquet", "summary.csv"]
    info = read_run(folder)
    assert sorted(info["files"]) == names
    assert [path.relative_to(folder).as_posix() for path in run_files(folder)] == names
    assert damaged_files(folder, info) == {}
    check_intact(folder, info)


def test_write_run_of_an_unfinished_run_has_no_files(folder):
    assert "files" not in write_run(folder, read_run(folder), finished=False)


def test_read_run_rejects_every_change(folder):
    text = (folder / "run.json").read_text("utf-8")
    for old, new in (('"a"', '"b"'), ('"now"', "null"), ("clean-0", "clean-1"), ('"name"', '"label"')):
        (folder / "run.json").write_text(text.replace(old, new), "utf-8")
        with pytest.raises(RunError, match=r"Cannot use .*: run.json was changed after the run wrote it"):
            read_run(folder)
    (folder / "run.json").write_text(json.dumps(json.loads(text), indent=4, sort_keys=True), "utf-8")
    read_run(folder)  # the same content


@pytest.mark.parametrize("content", ["[]", "1", '{"a": 1}', '{"checksum": 3}'])
def test_read_run_rejects_other_files(folder, content):
    (folder / "run.json").write_text(content)
    with pytest.raises(RunError, match=r"^(Cannot parse|Expected a run of this version)"):
        read_run(folder)


def test_damaged_files_says_what_is_wrong(folder):
    info = read_run(folder)
    (folder / "summary.csv").write_text("edited")
    (folder / "gallery" / "0" / "clean-0.webp").unlink()
    (folder / "records" / "chunk-00001.parquet").write_text("foreign")
    shutil.move(folder / "results.parquet", folder / "elsewhere")
    (folder / "results.parquet").symlink_to(folder / "elsewhere")
    assert damaged_files(folder, info) == {
        "summary.csv": "changed",
        "gallery/0/clean-0.webp": "missing",
        "records/chunk-00001.parquet": "not written by the run",
        "results.parquet": "missing",
    }
    with pytest.raises(RunError, match=r"got .*, and 3 more files: restore the folder, or run the same"):
        check_intact(folder, info)


def test_damaged_files_never_reads_outside_the_folder(folder):
    (folder.parent / "secret").write_text("x")
    info = {"files": {"../secret": "0" * 64, str(folder.parent / "secret"): "0" * 64}}
    problems = damaged_files(folder, info)
    assert [problems[name] for name in info["files"]] == ["missing", "missing"]


@pytest.mark.parametrize("name", ["", "/a", "../a", "a/../b", "a\\b", "a\0b"])
def test_is_inside_rejects(name):
    assert not is_inside(name)


def test_content_sha256_takes_any_text():
    assert content_sha256({"a": "\ud800"}) != content_sha256({"a": "é"})


@pytest.mark.parametrize("name", ["run.json", "summary.csv", "records", "records/new.json", "predictions/a/b"])
def test_run_at_is_the_run_of_a_file_with_a_checksum(folder, name):
    assert run_at(folder / name) == folder
    assert run_at(folder.parent / name) is None


@pytest.mark.parametrize("name", ["gate.json", "report.html", "evidence/records.csv", "."])
def test_run_at_is_none_for_files_that_can_be_written_again(folder, name):
    assert run_at(folder / name) is None
