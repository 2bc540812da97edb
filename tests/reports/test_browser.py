"""The page in a real browser: controls do what they say, no error is raised, nothing is asked for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from robustbench_endo.reports.content import content
from robustbench_endo.reports.html import html

PROBE = """
<script>
const seen = {};
const visible = (selector) => [...document.querySelectorAll(selector)].filter((e) => e.offsetParent !== null);
const column = () => [...document.querySelectorAll("#scores tbody tr")].filter((row) => !row.matches(".group"))
  .map((row) => row.cells[1].textContent.trim());
const choose = (id, value) => {
  const box = document.getElementById(id);
  box.value = value;
  box.dispatchEvent(new Event("change"));
};
seen.metrics = visible("#scores .metric").map((e) => e.dataset.k);
choose("metric", "4");
seen.chosen = visible("#scores td").map((e) => e.dataset.k);
choose("metric", "0 1");
const press = () => document.querySelector("#scores thead tr:last-child button").click();
seen.before = column();
press(); seen.rising = column(); seen.sorted = document.querySelector("[aria-sort]").getAttribute("aria-sort");
press(); seen.falling = column();
press(); seen.after = column();
choose("overlay", "t");
seen.masks = [...new Set(visible(".sheet .mask").map((e) => e.dataset.m))];
choose("curve-metric", "1");
seen.curves = visible("[data-curves]").map((e) => e.dataset.curves);
const shots = document.querySelectorAll(".sheet .shot");
shots[1].click();
const viewer = document.getElementById("viewer");
seen.open = viewer.open;
seen.title = document.getElementById("viewer-title").textContent;
seen.views = [...viewer.querySelectorAll(".view p span")].map((e) => e.textContent);
viewer.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
seen.next = document.getElementById("viewer-title").textContent;
viewer.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown" }));
seen.below = document.getElementById("viewer-title").textContent;
seen.errors = window.errors;
seen.requests = performance.getEntriesByType("resource").map((e) => e.name).filter((name) => !name.startsWith("data:"));
seen.wide = document.documentElement.scrollWidth > window.innerWidth;
document.body.replaceChildren();
document.body.dataset.seen = JSON.stringify(seen);
</script>
"""
ERRORS = '<script>window.errors = []; addEventListener("error", (e) => errors.push(e.message));</script>'


@pytest.fixture(scope="module", params=[1440, 390])
def seen(request, usual_run, tmp_path_factory):
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    folder = tmp_path_factory.mktemp("browser")
    page = folder / "report.html"
    text = html(content(usual_run)).replace("<style>", ERRORS + "<style>", 1)
    page.write_text(text.replace("</body>", PROBE + "</body>"), "utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    options += [f"--user-data-dir={folder / 'profile'}", f"--window-size={request.param},2000", "--dump-dom"]
    done = subprocess.run([chromium, *options, page.as_uri()], capture_output=True, text=True, timeout=60, check=True)
    found = re.search(r"<body data-seen=\"([^\"]*)\"", done.stdout)
    assert found, done.stdout[-500:]
    return json.loads(found[1].replace("&quot;", '"').replace("&amp;", "&"))


def test_no_error_and_no_request(seen):
    assert seen["errors"] == []
    assert seen["requests"] == []


def test_the_page_is_not_wider_than_the_window(seen):
    assert not seen["wide"]


def test_the_metric_switch_shows_other_numbers(seen):
    assert seen["metrics"] == ["0", "1"]
    assert set(seen["chosen"]) == {"4"}
    assert len(seen["chosen"]) == 25 * 3


def test_the_table_sorts_and_comes_back(seen):
    numbers = [float(text) for text in seen["before"]]
    rising, falling = ([float(text) for text in seen[key]] for key in ("rising", "falling"))
    assert rising == [numbers[0], *sorted(numbers[1:-1]), numbers[-1]]
    assert falling == [numbers[0], *sorted(numbers[1:-1], reverse=True), numbers[-1]]
    assert seen["after"] == seen["before"]
    assert seen["sorted"] == "ascending"


def test_masks_and_curves_follow_their_switch(seen):
    assert seen["masks"] == ["t"]
    assert seen["curves"] == ["1"]


def test_the_viewer_shows_the_chosen_picture_and_steps(seen, usual_run):
    assert seen["open"]
    assert seen["title"] == "Gaussian noise, severity 1"
    assert seen["views"] == ["clean frame", seen["title"], "ground truth", *usual_run.models]
    assert seen["next"] == "Gaussian noise, severity 2"
    assert seen["below"] == "Shot noise, severity 2"
