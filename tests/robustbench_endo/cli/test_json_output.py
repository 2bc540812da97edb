"""`--json`: strict JSON on standard output, the rest on standard error."""

import json
import math

import pytest

from robustbench_endo.cli.json_output import echo_json


@pytest.fixture
def command(make_folder, model_file, tmp_path):
    data = ("--data", make_folder(frames=2), "--model", f"mine={model_file}:build", "--out", tmp_path / "run")
    return ("evaluate", *data, "-c", "contrast", "-s", 2, "--format", "none", "--json")


def strict(text):
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_json_of_every_command_of_a_run(robust_endo, command, tmp_path):
    result = robust_endo(*command, "--quiet")
    assert result.exit_code == 0, result.output
    summary = strict(result.stdout)
    assert summary["models"] == ["mine"]
    assert summary["exit_code"] == 0
    assert summary["excluded_frames"] == []
    assert str(tmp_path / "run" / "results.parquet") in summary["paths"]
    rows = {(row["metric"], row["corruption"]): row for row in summary["scores"]}
    row = rows["miou", "contrast"]
    assert set(row) == {"metric", "unit", "model", "category", "corruption", "value", "low", "high"}
    assert row["low"] <= row["value"] <= row["high"]
    assert ("miou", "clean") in rows
    assert "Mean of all corruptions" in result.stderr
    assert "Evaluating" not in result.stderr  # --quiet

    report = strict(robust_endo("report", tmp_path / "run", "--format", "none", "--json").stdout)
    assert report["scores"] == summary["scores"]
    checks = strict(robust_endo("verify", tmp_path / "run", "--json").stdout)
    assert checks["failed"] == checks["exit_code"] == 0
    assert all(check["passed"] for check in checks["checks"])
    (tmp_path / "run" / "summary.csv").write_text("changed")
    failed = robust_endo("verify", tmp_path / "run", "--json")
    assert failed.exit_code == strict(failed.stdout)["exit_code"] == 1


def test_json_of_excluded_frames_and_of_a_resumed_run(robust_endo, command):
    broken = next(command[2].rglob("image/*.png"))
    broken.write_bytes(b"")
    first, second = robust_endo(*command), robust_endo(*command)
    assert first.exit_code == second.exit_code == 3
    summary = strict(second.stdout)
    assert [frame["id"] for frame in summary["excluded_frames"]] == [str(broken.relative_to(command[2] / "test"))]
    assert summary["exit_code"] == 3
    assert second.stderr.count("Nothing to compute: all") == 1


def test_json_of_a_shard_and_of_merge(robust_endo, command, tmp_path):
    shard = strict(robust_endo(*command, "--shard", "1/2").stdout)
    assert shard["missing_shards"] == ["2/2"]
    assert shard["exit_code"] == 0
    assert strict(robust_endo(*command, "--shard", "2/2").stdout)["missing_shards"] == []
    merged = strict(robust_endo("merge", tmp_path / "run", "--format", "none", "--json").stdout)
    assert merged["models"] == ["mine"]
    logs = sorted(path.name for path in (tmp_path / "run").glob("*.log"))
    assert logs == ["run.shard-1-of-2.log", "run.shard-2-of-2.log"]


def test_json_of_lists(robust_endo):
    assert "cholecseg8k" in strict(robust_endo("datasets", "--json").stdout)
    assert strict(robust_endo("corruptions", "-c", "smoke", "--json").stdout)[0]["name"] == "smoke"


def test_echo_json_has_no_numbers_that_json_lacks(capsys):
    echo_json({"a": [math.nan, math.inf, 1.5], "b": (None, True)})
    assert strict(capsys.readouterr().out) == {"a": [None, None, 1.5], "b": [None, True]}
