"""``robust-endo severity-survey``: from frames to a sheet, and from ratings to a suite."""

import csv

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.corruptions import load_suite


@pytest.fixture
def sheet(robust_endo, tmp_path):
    frames = tmp_path / "frames"
    frames.mkdir()
    for name in ("a.png", "b.png"):
        Image.fromarray(np.random.default_rng(0).integers(40, 200, (48, 64, 3)).astype(np.uint8)).save(frames / name)
    out = tmp_path / "survey"
    result = robust_endo(
        "severity-survey", frames, "--out", out, "--corruption", "contrast,brightness", "--severity", "1,5"
    )
    assert result.exit_code == 0, result.output
    assert "Written: 8 images" in result.stdout
    return out


def rate(path, key, rater, unusable_from):
    with (key).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lines = [
        f"{rater},{row['code']},{'unusable' if float(row['severity']) >= unusable_from else 'plausible'}"
        for row in rows
    ]
    path.write_text("\n".join(["rater,code,rating", *lines]), encoding="utf-8")
    return path


def test_severity_survey_writes_the_plausible_severities_of_a_suite(robust_endo, sheet, tmp_path):
    assert "contrast" not in (sheet / "survey.html").read_text(encoding="utf-8")
    ratings = [rate(tmp_path / f"{name}.csv", sheet / "key.csv", name, 3) for name in ("ann", "bob")]
    options = [part for path in ratings for part in ("--ratings", path)]
    result = robust_endo("severity-survey", *options, "--key", sheet / "key.csv", "--write", tmp_path / "rated.toml")
    assert result.exit_code == 0, result.output
    assert "Krippendorff's alpha (ordinal) of 2 raters and 8 images: 1.00" in result.stdout
    assert load_suite(tmp_path / "rated.toml").get("contrast").plausible == (1, 1)
    one = robust_endo("severity-survey", "--ratings", ratings[0], "--key", sheet / "key.csv")
    assert "No agreement: one rater." in one.stdout


def test_severity_survey_limits_the_size_of_the_sheet(robust_endo, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (96, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    options = ("--out", tmp_path / "out", "--corruption", "contrast", "--severity", "1,2", "--max-size", "0.02")
    large = robust_endo("severity-survey", tmp_path / "a.png", *options)
    assert large.exit_code == 2
    assert "Expected a sheet of at most 0.02 MB, got " in " ".join(large.stderr.split())
    assert not (tmp_path / "out").exists()
    small = robust_endo("severity-survey", tmp_path / "a.png", *options, "--width", 64)
    assert small.exit_code == 0, small.output
    assert (tmp_path / "out" / "survey.html").stat().st_size <= 20_000
    assert "(0.0 MB)" in small.stdout


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "Expected either FRAMES for a new sheet or --ratings of a sheet, got neither"),
        (("frames", "--ratings", "a.csv"), "Expected either FRAMES for a new sheet or --ratings of a sheet"),
        (("--ratings", "a.csv"), "Expected --key with --ratings, got none"),
        (("nothing",), "Expected an image or a folder of images, got nothing"),
        (("--ratings", "a.csv", "--key", "key.csv"), "Cannot read key.csv"),
    ],
)
def test_severity_survey_refuses_bad_input_in_one_sentence(robust_endo, arguments, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = robust_endo("severity-survey", *arguments)
    assert result.exit_code == 2
    assert text in result.stderr
    assert len(result.stderr.strip().splitlines()) <= 2
