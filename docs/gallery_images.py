"""Images of the gallery and of the tutorial on the report, each below 200 KB: ``make figures`` draws them.

They need Chromium and the package playwright, because they are parts of a report, as a browser displays it.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from robustbench_endo.reports import report
from robustbench_endo.results import Results

SECTIONS: Mapping[str, int] = {
    "summary": 760,
    "scores": 1140,
    "curves": 420,
    "safe-range": 1000,
    "silent-failures": 480,
    "calibration": 1100,
    "comparison": 700,
    "images": 790,
    "drops": 720,
}
"""Section of the report -> maximum height of its image in CSS pixels; a row that would be cut is left out."""
_PHOTOGRAPHS = ("images", "drops")

MAXIMUM_BYTES = 200_000
_WIDTH = 1100
_BOTTOM = """(section, limit) => {
    const {top, bottom: end} = section.getBoundingClientRect();
    const parts = [...section.querySelectorAll("tr, p, figure, svg, li, canvas, img, pre, code, summary")];
    const bottoms = parts.map(part => part.getBoundingClientRect().bottom);  // closed parts have boxes, too
    return Math.max(...bottoms.filter(bottom => bottom <= Math.min(end, top + limit))) - top;
}"""
_log = logging.getLogger(__name__)


def write(results: Results, folder: Path) -> bool:
    """Write the parts of the report of a run, its contact sheet and its notebook display; False without Chromium."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        chromium = None
    if chromium is None:
        _log.warning("Expected Chromium and the package playwright, got none: the gallery is not updated.")
        return False
    assert results.path is not None
    page_file = report(results, results.path / "report.html")
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        report_parts(browser, page_file, folder)
        notebook_display(browser, results, folder / "notebook.png")
        browser.close()
    return True


def report_parts(browser: Any, page_file: Path, folder: Path) -> None:
    """One image for each section of ``SECTIONS`` in light, and the summary in dark."""
    for scheme, names in (("light", tuple(SECTIONS)), ("dark", ("scores",))):
        page = browser.new_page(
            viewport={"width": _WIDTH, "height": 1000}, device_scale_factor=1.5, color_scheme=scheme
        )
        page.goto(page_file.resolve().as_uri())
        for name in names:
            section = page.locator(f"#{name}")
            section.scroll_into_view_if_needed()
            top = section.bounding_box()["y"] + page.evaluate("window.scrollY")
            height = section.evaluate(f"section => ({_BOTTOM})(section, {SECTIONS[name]})")
            target = folder / f"{name}{'' if scheme == 'light' else '-dark'}.{'jpg' if name in _PHOTOGRAPHS else 'png'}"
            # The bar of the page stays at the top of what is visible.
            page.evaluate("window.scrollTo(0, 0)")
            clip = {"x": 0, "y": top - 12, "width": _WIDTH, "height": height + 24}
            page.screenshot(path=target, clip=clip, full_page=True, quality=100 if name in _PHOTOGRAPHS else None)
            compress(target)
        page.close()


def notebook_display(browser: Any, results: Results, target: Path) -> None:
    """What a notebook shows for ``results``."""
    page = browser.new_page(viewport={"width": 1000, "height": 400}, device_scale_factor=1.5, color_scheme="light")
    style = "body { font: 14px sans-serif; margin: 12px; background: white }"
    display = results._repr_html_().replace(str(results.path), f"runs/{Path(str(results.path)).name}")
    page.set_content(f"<style>{style}</style>{display}")
    page.screenshot(path=target, full_page=True)
    page.close()
    compress(target)


def compress(target: Path) -> None:
    """Fewer colours or a lower quality, then fewer pixels, until the file is below the limit."""
    with Image.open(target) as stored:
        image = stored.convert("RGB")
    for step in range(8):
        scale = 0.9 ** max(0, step - 1)
        size = (round(image.width * scale), round(image.height * scale))
        resized = image.resize(size, Image.Resampling.LANCZOS) if scale < 1 else image
        if target.suffix == ".jpg":
            resized.save(target, quality=85 - 5 * min(step, 3), optimize=True)
        else:
            resized.quantize(128 if step else 255, dither=Image.Dither.NONE).save(target, optimize=True)
        if target.stat().st_size < MAXIMUM_BYTES:
            return
