"""`robust-endo compare` and the numbers of `robust-endo report`, as a user meets them."""

import json
import shutil

import pytest


@pytest.fixture
def run(robust_endo, make_folder, model_file, tmp_path):
    """A run of two models on four frames."""
    names = ("--model", f"one={model_file}:build", "--model", f"two={model_file}:build")
    data = ("--data", make_folder(), "--corruption", "contrast", "--severity", "2,5", "--format", "none")
    result = robust_endo("evaluate", *data, *names, "--out", tmp_path / "run")
    assert result.exit_code == 0, result.output
    return tmp_path / "run"


def test_compare_within_a_run_and_between_runs(robust_endo, run, tmp_path):
    result = robust_endo("compare", run, "--metric", "miou", "--resamples", 300)
    assert result.exit_code == 0, result.output
    assert "mIoU (%): two less one" in result.stdout
    assert "resamples of 4 single frames" in " ".join(result.stdout.split())
    shutil.copytree(run, tmp_path / "again")
    info = json.loads((run / "run.json").read_text("utf-8"))
    (tmp_path / "again" / "run.json").write_text(json.dumps({**info, "name": "again"}))
    result = robust_endo("compare", run, tmp_path / "again", "--metric", "miou", "--baseline", "again/one")
    assert result.exit_code == 0, result.output
    assert "run/two less again/one" in result.stdout


def test_report_prints_what_is_asked(robust_endo, run):
    options = ("--format", "none", "--metric", "miou", "--resamples", 300)
    result = robust_endo("report", run, *options, "--intervals", "--baseline", "one", "--threshold", "dice=0.1")
    assert result.exit_code == 0, result.output
    for text in ("±", "Relative mCE", "Safe up to severity: Dice ≥ 10 %", "single frames"):
        assert text in result.stdout
    assert robust_endo("report", run, "--format", "none").stdout == ""
    written = robust_endo("report", run, "--format", "html", "--intervals", "--resamples", 300)
    assert written.exit_code == 0, written.output
    assert "±" in (run / "report.html").read_text("utf-8")


WRONG = [
    (("compare", "{run}", "--metric", "iou"), "a metric of the run, got 'iou'"),
    (("compare", "{run}", "--baseline", "three"), "to compare with, got 'three': choose from one, two"),
    (("compare", "{run}", "--resamples", "3"), "at least 200 resamples, got 3"),
    (("compare", "{run}", "--bootstrap-unit", "patient"), "got 'patient'"),
    (("compare", "{run}", "--confidence", "95"), "write 0.95 for 95 %"),
    (("compare", "{nowhere}"), "a finished run in"),
    (("report", "{run}", "--threshold", "dice"), "a threshold such as dice=0.8, got 'dice'"),
    (("report", "{run}", "--threshold", "dice=x"), "got 'dice=x'"),
    (("report", "{run}", "--threshold", "dice=80"), "between 0 and 1, got 80"),
    (("report", "{run}", "--baseline", "three"), "as the baseline, got 'three'"),
]


def test_bad_input_is_one_sentence(robust_endo, run, tmp_path):
    for arguments, text in WRONG:
        filled = [argument.format(run=run, nowhere=tmp_path / "nowhere") for argument in arguments]
        result = robust_endo(*filled, *(("--format", "none") if filled[0] == "report" else ()))
        assert result.exit_code == 2, (arguments, result.output)
        errors = [line for line in result.stderr.splitlines() if line.startswith("Error: Expected ")]
        assert len(errors) == 1, result.output
        assert text in errors[0]


def test_runs_of_other_pictures_are_refused(robust_endo, run, tmp_path):
    shutil.copytree(run, tmp_path / "other")
    info = json.loads((run / "run.json").read_text("utf-8"))
    other = {**info, "name": "other", "protocol": "endoarss", "seed": 5}
    (tmp_path / "other" / "run.json").write_text(json.dumps(other))
    result = robust_endo("compare", run, tmp_path / "other")
    assert result.exit_code == 2
    assert "protocol is 'standard' in run and 'endoarss' in other; seed is '0' in run and '5' in other" in result.stderr
