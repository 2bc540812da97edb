"""The severity figure and the screenshot of a report in the README, from a run on synthetic scenes."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import robustbench_endo as rb
from robustbench_endo.data.synthetic import SyntheticScenes
from robustbench_endo.reports import report
from robustbench_endo.results import Results

MODELS = ("tiny-resnet/dselect_k", "tiny-resnet/mmoe", "tiny-endoarss/tesla")
FRAMES = 16
_log = logging.getLogger(__name__)


def shipped_run(folder: Path, frames: int = FRAMES) -> Results:
    """Every corruption at every severity; about two minutes on two cores, no time where the run exists."""
    data = SyntheticScenes(split="test")
    models = {name: rb.load_model(name, weights="pretrained") for name in MODELS}
    return rb.evaluate(models, data, out=folder, limit=frames, device="cpu")


def severity(results: Results, path: Path) -> None:
    """mIoU against severity, one panel per corruption, with the bands of the intervals."""
    results.plot.severity("miou", intervals=True).savefig(path, dpi=130, facecolor="white")


def screenshot(results: Results, path: Path) -> bool:
    """The top of the HTML report in Chromium; False, with a warning, without Chromium."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        chromium = None
    if chromium is None:
        _log.warning(
            "Expected Chromium and the package playwright for %s, got none: the image is not updated.", path.name
        )
        return False
    assert results.path is not None
    page_file = report(results, results.path / "report.html")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1100, "height": 1220}, device_scale_factor=1.5, color_scheme="light")
        page.goto(page_file.resolve().as_uri())
        page.screenshot(path=path)
        browser.close()
    return True
