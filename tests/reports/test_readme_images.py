"""The images of the README that show a run; without Chromium one of them is not updated."""

from __future__ import annotations

import runpy
from concurrent.futures import ThreadPoolExecutor

import pytest
from docs_pages import DOCS
from PIL import Image

SCRIPT = runpy.run_path(str(DOCS / "report_images.py"))


def test_severity_image_is_written(annotated_run, tmp_path):
    SCRIPT["severity"](annotated_run, tmp_path / "severity.png")
    with Image.open(tmp_path / "severity.png") as image:
        assert image.width > 400


def test_screenshot_without_chromium_is_skipped_with_a_message(annotated_run, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert not SCRIPT["screenshot"](annotated_run, tmp_path / "report.png")
    assert "Expected Chromium and the package playwright for report.png" in caplog.text
    assert not (tmp_path / "report.png").exists()


@pytest.mark.browser
def test_screenshot_is_an_image(annotated_run, tmp_path, browser):
    del browser  # skips where there is none
    # Playwright allows one of itself in a thread: the screenshot is taken in another.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(SCRIPT["screenshot"], annotated_run, tmp_path / "report.png").result()
    with Image.open(tmp_path / "report.png") as image:
        assert image.size == (1650, 1830)
