"""Writing a pack: into an empty folder or over an earlier pack, never over other files."""

from dataclasses import replace

import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evidence import write_evidence


def test_earlier_packs_are_replaced(results, baseline, inputs, written, folder):
    (folder / "notes.txt").write_text("mine")
    write_evidence(results, inputs / "hazards.csv", folder, inputs / "acceptance.toml", baseline, inputs / "pytest.log")
    expected = {path.name: path.read_bytes() for path in written[1].iterdir()}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {**expected, "notes.txt": b"mine"}


def test_files_of_an_earlier_pack_that_have_no_successor_are_deleted(results, inputs, folder):
    hazards = folder.parent / "other.csv"
    hazards.write_text("id,hazard,corruptions,severities,criterion\nH1,Smoke,smoke,1,dice>=0.5\n")
    write_evidence(results, hazards, folder, test_log=inputs / "pytest.log")
    assert not (folder / "acceptance.toml").exists()
    assert (folder / "hazards.csv").read_bytes() == hazards.read_bytes()


def test_folders_with_other_files_are_refused(results, run, inputs, tmp_path):
    hazards = inputs / "hazards.csv"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.docx").touch()
    for out in (run, tmp_path / "full"):
        with pytest.raises(RobustEndoError, match="Expected an empty folder for the evidence pack"):
            write_evidence(results, hazards, out)
    with pytest.raises(RobustEndoError, match="Expected a folder for the evidence pack, got the file"):
        write_evidence(results, hazards, hazards)
    with pytest.raises(RobustEndoError, match="Cannot write"):
        write_evidence(results, hazards, "a\0b")


def test_nothing_is_written_where_an_input_is_wrong(results, inputs, tmp_path):
    with pytest.raises(RobustEndoError, match="give --plan"):
        write_evidence(results, inputs / "hazards.csv", tmp_path / "out")
    with pytest.raises(RobustEndoError, match="Expected a run with its folder, got one in memory"):
        write_evidence(replace(results, path=None), inputs / "hazards.csv", tmp_path / "out")
    assert not (tmp_path / "out").exists()
