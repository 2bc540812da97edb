"""`robust-endo verify`."""

import pandas as pd
import pytest

import robustbench_endo as rb


@pytest.fixture
def run(tmp_path):
    """A run of one model on two frames."""
    model = rb.load_model("tiny-resnet/mmoe", weights="pretrained")
    data = rb.load_dataset("synthetic", frames=2, size=(64, 80))
    rb.evaluate({"resnet": model}, data, "contrast", (3,), tmp_path / "run", gallery_frames=0)
    return tmp_path / "run"


def test_verify_passes_a_run(robust_endo, run):
    result = robust_endo("verify", run)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("passed  ") == 9
    assert result.stdout.endswith("All 9 checks passed.\n")


def test_verify_fails_for_changed_records(robust_endo, run):
    records = pd.read_parquet(run / "results.parquet")
    records["tp_0"] += 5
    records.to_parquet(run / "results.parquet", index=False)
    result = robust_endo("verify", run)
    assert result.exit_code == 1, result.output
    assert "FAILED  summary.csv agrees with the records: summary.csv has other values of" in result.stdout
    assert "1 of 9 checks failed." in result.stdout


def test_verify_rejects_a_folder_without_a_run(robust_endo, tmp_path):
    result = robust_endo("verify", tmp_path)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: Expected a finished run in")
