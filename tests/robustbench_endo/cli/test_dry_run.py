"""``robust-endo evaluate --dry-run`` prints a table or JSON and writes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from robustbench_endo.cli import main
from robustbench_endo.cli.dry_run import dry_run_rows
from robustbench_endo.evaluation.dry_run import DryRun


def _evaluate(*arguments: object) -> Result:
    words = ("--model", "tiny-resnet/mmoe", "--corruption", "contrast", "--severity", 1, "--limit", 2, "--dry-run")
    return CliRunner().invoke(main, ["evaluate", *map(str, words), *map(str, arguments)])


def test_dry_run_prints_json_and_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "run"
    result = _evaluate("--out", out, "--json")
    assert result.exit_code == 0, result.output
    assert not out.exists()
    planned = json.loads(result.stdout)["dry_run"]
    assert (planned["frames"], planned["conditions"], planned["model_frames"]) == (2, 2, 4)
    assert planned["folder"] == str(out)
    assert planned["seconds"] > 0


def test_missing_device_is_an_error_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*args: Any, **options: Any) -> None:
        raise AssertionError("models and data were loaded")

    monkeypatch.setattr("robustbench_endo.cli.resolve_inputs.load_models_and_data", load)
    result = _evaluate("--device", "cuda:77")
    assert result.exit_code == 2
    before, error = result.stderr.splitlines()
    assert before.startswith("Loading ")
    assert error.startswith("Error: Expected a CUDA device for 'cuda:77', got ")


def test_rows_say_that_nothing_is_left_to_compute() -> None:
    run = ("runs/a", 8, 8, "fp32", "cpu", 4, 6.0, 2**31, None, 2**20, 1.0)
    rows = dict(dry_run_rows(DryRun({"a": None}, 1000, ("smoke",), (1, 5), 3, 0, *run)))
    assert rows["Chunks"] == "8, all finished: nothing to compute"


def test_rows_say_that_a_run_would_be_resumed() -> None:
    run = ("runs/a", 8, 3, "fp32", "cuda:0", 4, 7330.0, 2**31, 2**32, 2**20, 1.0)
    rows = dict(dry_run_rows(DryRun({"a": None, "b": 25_600_000}, 1000, ("smoke",), (1, 5), 4, 4000, *run)))
    assert rows["Models"] == "a (unknown size), b (25.60 million parameters)"
    assert rows["Conditions"] == "4 (clean + 1 corruptions x 2 severities + 1 further)"
    assert rows["Chunks"] == "8, of which 3 are finished: the run would be resumed"
    assert rows["Time, estimated"] == "2 h 2 min"
    assert (rows["Memory, estimated"], rows["GPU memory, estimated"]) == ("2.0 GiB", "4.0 GiB")
