"""The measurements in a fresh interpreter."""

import subprocess

import pytest


def test_run_returns_modules_time_and_results(structure_run):
    measured = structure_run.run("import colorsys\nprint('noise')\nresult['answer'] = 42")
    assert measured["answer"] == 42
    assert "colorsys" in measured["modules"]
    assert "torch" not in measured["modules"]
    assert 0 < measured["cpu"] < 10


def test_run_fails_with_the_code(structure_run, capfd):
    with pytest.raises(subprocess.CalledProcessError):
        structure_run.run("raise ValueError('broken')")
    assert "broken" in capfd.readouterr().err


def test_start_up_names_heavy_modules(structure_run, monkeypatch):
    modules = {"modules": ["sys", "torch"], "cpu": 0.1}
    monkeypatch.setattr(structure_run, "run", lambda code: modules)
    row = structure_run.start_up("a command", "")
    assert (row.value, row.met) == ("2 modules, 0.10 s CPU, with torch", False)
    monkeypatch.setattr(structure_run, "run", lambda code: {"modules": ["sys"], "cpu": 0.6})
    assert not structure_run.start_up("a command", "").met
    monkeypatch.setattr(structure_run, "run", lambda code: {"modules": ["sys"], "cpu": 0.4})
    assert structure_run.start_up("a command", "").met


@pytest.mark.slow
def test_imported_by_corrupt_counts_modules_of_the_project(structure_run):
    row = structure_run.imported_by_corrupt()
    assert 10 < int(row.value.partition(",")[0]) < 400


@pytest.mark.slow
def test_stack_frames_go_from_evaluate_to_the_model(structure_run):
    row = structure_run.stack_frames()
    assert row.offenders[0] == "robustbench_endo/evaluation/run.py: evaluate"
    assert 3 <= len(row.offenders) < 30
