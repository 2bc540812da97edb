"""The README's pictures of a run are drawn from a run; without Chromium one of them stays as it was."""

from __future__ import annotations

import runpy
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "report_pictures.py"))


def test_the_severity_figure_is_drawn(told_run, tmp_path):
    SCRIPT["severity"](told_run, tmp_path / "severity.png")
    with Image.open(tmp_path / "severity.png") as picture:
        assert picture.width > 400


def test_without_chromium_the_screenshot_is_left_out_with_a_sentence(told_run, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert not SCRIPT["screenshot"](told_run, tmp_path / "report.png")
    assert "Expected Chromium and the package playwright for report.png" in caplog.text
    assert not (tmp_path / "report.png").exists()


def test_the_screenshot_is_a_picture(told_run, tmp_path, browser):
    del browser  # skips where there is none
    # Playwright allows one of itself in a thread: the picture is taken in another.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(SCRIPT["screenshot"], told_run, tmp_path / "report.png").result()
    with Image.open(tmp_path / "report.png") as picture:
        assert picture.size == (1650, 1830)
