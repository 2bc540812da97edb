"""`robust-endo report` and `robust-endo leaderboard`."""

import shutil

import pytest


@pytest.fixture
def run(robust_endo, make_folder, model_file, tmp_path):
    """A run of two models on four frames."""
    names = ("--model", f"one={model_file}:build", "--model", f"two={model_file}:build")
    data = ("--data", make_folder(), "--corruption", "contrast", "--severity", "2,5", "--format", "none")
    result = robust_endo("evaluate", *data, *names, "--out", tmp_path / "runs" / "first")
    assert result.exit_code == 0, result.output
    return tmp_path / "runs" / "first"


def test_report_prints_requested_tables(robust_endo, run):
    options = ("--format", "none", "--metric", "miou", "--resamples", 300)
    result = robust_endo("report", run, *options, "--intervals", "--baseline", "one", "--threshold", "dice=0.1")
    assert result.exit_code == 0, result.output
    for text in ("±", "Relative mCE", "Safe up to severity: Dice ≥ 10 %", "4 frames of 2 subjects"):
        assert text in result.stdout
    assert robust_endo("report", run, "--format", "none").stdout == ""
    written = robust_endo("report", run, "--format", "html", "--intervals", "--resamples", 300)
    assert written.exit_code == 0, written.output
    assert "±" in (run / "report.html").read_text("utf-8")


def test_report_prints_joint_failures_with_thresholds(robust_endo, run):
    options = ("--robustness", "--failure-threshold", "segmentation=0.9", "--format", "none")
    result = robust_endo("report", run, *options)
    assert result.exit_code == 0, result.output
    assert "a mask fails below a Dice of 0.9" in " ".join(result.stdout.split())


def test_report_writes_formats_and_leaderboard_links_them(robust_endo, run, tmp_path):
    result = robust_endo("report", run, "--format", "latex,md,csv,html", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["report.html", "report.md", "report.tex", "tables"]
    shutil.copy(tmp_path / "out" / "report.html", run)
    result = robust_endo("leaderboard", run.parent, "--allow-unverified", "--out", tmp_path / "site")
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(tmp_path / "site" / "index.html")
    assert (tmp_path / "site" / "reports" / "first.html").is_file()


WRONG = [
    (("{run}", "--threshold", "dice"), "a threshold such as dice=0.8, got 'dice'"),
    (("{run}", "--threshold", "dice=x"), "got 'dice=x'"),
    (("{run}", "--threshold", "dice=80"), "between 0 and 1, got 80"),
    (("{run}", "--threshold", "dice[tip]=0.5"), "got 'tip' in dice[tip]: choose one of them."),
    (("{run}", "--intervals", "--metric", "iou[tip]"), "Expected a class of the run ("),
    (("{run}", "--metric", "iou[tip]"), "got 'tip' in iou[tip]: choose one of them."),
    (("{run}", "--baseline", "three"), "as the baseline, got 'three'"),
    (("{run}", "--format", "docx"), "Expected report formats among html, pdf, latex, md, csv, figures"),
    (("{run}", "--failure-threshold", "segmentation"), "a threshold such as segmentation=0.5"),
    (("{run}", "--robustness", "--failure-threshold", "phase=0.5"), "a task of the run"),
]


@pytest.mark.parametrize(("arguments", "text"), WRONG)
def test_report_rejects_option(robust_endo, run, tmp_path, arguments, text):
    filled = [argument.format(run=run, nowhere=tmp_path / "nowhere") for argument in arguments]
    result = robust_endo("report", *filled)
    assert result.exit_code == 2, result.output
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error: Expected ")]
    assert len(errors) == 1, result.output
    assert text in errors[0]


def test_report_rejects_page_size(robust_endo, run):
    assert (
        "Expected --page-size to be one of a4, letter, got 'a5'"
        in robust_endo("report", run, "--page-size", "a5").stderr
    )


def test_leaderboard_rejects_missing_folder(robust_endo, tmp_path):
    result = robust_endo("leaderboard", tmp_path / "nowhere", "--out", tmp_path / "s")
    assert result.exit_code == 2, result.output
    assert "Expected a folder of runs" in result.stderr
