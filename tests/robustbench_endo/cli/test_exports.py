"""`report --format`, `compare --out` and `leaderboard`, as a user meets them."""

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


def test_exports_comparison_and_leaderboard(robust_endo, run, tmp_path):
    result = robust_endo("report", run, "--format", "latex,md,csv,html", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "report.html",
        "report.md",
        "report.tex",
        "tables",
    ]
    result = robust_endo("compare", run, "--metric", "miou", "--resamples", 300, "--out", tmp_path / "c.html")
    assert result.exit_code == 0, result.output
    assert "paired differences" in (tmp_path / "c.html").read_text("utf-8")
    shutil.copy(tmp_path / "out" / "report.html", run)
    result = robust_endo("leaderboard", run.parent, "--out", tmp_path / "site")
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(tmp_path / "site" / "index.html")
    assert (tmp_path / "site" / "reports" / "first.html").is_file()


def test_bad_input_is_one_sentence(robust_endo, run, tmp_path):
    for arguments, text in (
        (("report", run, "--format", "docx"), "Expected report formats among html, pdf, latex, md, csv, figures"),
        (("compare", run, "--resamples", 300, "--out", tmp_path / "c.pdf"), "a file ending in .html"),
        (("leaderboard", tmp_path / "nowhere", "--out", tmp_path / "s"), "Expected a folder of runs"),
    ):
        result = robust_endo(*arguments)
        assert result.exit_code == 2, result.output
        assert text in result.stderr
    assert "'a5' is not one of 'a4', 'letter'" in robust_endo("report", run, "--page-size", "a5").stderr
