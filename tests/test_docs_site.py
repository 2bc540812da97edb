"""The site of `make docs`: complete, and loading nothing from elsewhere."""

import importlib.util
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from robustbench_endo.cli import main

DOCS = Path(__file__).parents[1] / "docs"
pytestmark = [pytest.mark.docs, pytest.mark.slow]

PACKAGES = ("corruptions", "data", "metrics", "models", "reports", "results", "synthesis", "training")
KINDS = ("index", "tutorials/own_model", "api/metrics", "notebooks/from_checkpoint_to_figure", "gallery")
"""One page of each kind: first page, tutorial, reference, notebook, figures."""


class Page(HTMLParser):
    """The addresses and anchors of a page, and its images without alternative text."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.links, self.loaded, self.anchors, self.unnamed = [], [], set(), []
        self.feed(file.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.anchors |= {values[key] for key in ("id", "name") if values.get(key)}
        if tag == "img" and len(values.get("alt") or "") < (15 if "_images" in values["src"] else 1):
            self.unnamed.append(values.get("src"))
        if values.get("src") and not values["src"].startswith("data:"):
            self.loaded.append(values["src"])
        if values.get("href"):
            (self.loaded if tag == "link" else self.links).append(values["href"])


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {file: Page(file) for file in site.rglob("*.html")}


def test_site_has_every_page_and_the_example_report(site):
    for source in [*DOCS.rglob("*.md"), *DOCS.rglob("*.ipynb")]:
        assert (site / source.relative_to(DOCS)).with_suffix(".html").is_file(), source
    assert "The demo's report" in (site / "example_report.html").read_text("utf-8")


def test_site_loads_nothing_from_elsewhere(site, pages):
    assert [(file.name, url) for file, page in pages.items() for url in page.loaded if re.match(r"\w+:|//", url)] == []
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", sheet.read_text("utf-8")), sheet


def test_site_links_and_anchors_exist(pages):
    for file, page in pages.items():
        for url in (*page.links, *page.loaded):
            path, _, anchor = unquote(url).partition("#")
            if re.match(r"\w+:|//", url):
                continue
            target = (file.parent / path.partition("?")[0]).resolve() if path else file
            assert target.is_file(), f"{file.name}: {url}"
            if anchor and target in pages:
                assert anchor in pages[target].anchors, f"{file.name}: {url}"


def test_every_image_has_an_alternative_text(pages):
    assert {file.name: page.unnamed for file, page in pages.items() if page.unnamed} == {}
    assert sum("_images" in url for page in pages.values() for url in page.loaded) > 30


def test_every_page_is_in_exactly_one_part_of_the_site():
    index = (DOCS / "index.md").read_text("utf-8")
    parts = dict(re.findall(r"^:caption: ([^\n]*)\n\n(.*?)^```", index, re.M | re.S))
    assert list(parts) == ["Tutorials", "How-to guides", "Reference", "Explanation"]
    entries = sorted(entry for part in parts.values() for entry in part.split())
    sources = [*DOCS.glob("*.md"), *DOCS.glob("tutorials/*.md"), *DOCS.glob("notebooks/*.ipynb")]
    assert entries == sorted(str(file.relative_to(DOCS).with_suffix("")) for file in sources if file.stem != "index")


def test_external_links_are_secure_and_known(pages):
    """Without a network they cannot be fetched: `pytest -rP` prints them for a check by hand."""
    addresses = sorted({url.partition("#")[0] for page in pages.values() for url in page.links if "//" in url})
    sys.stdout.write("\n".join(addresses))
    assert [url for url in addresses if not re.fullmatch(r"https://[\w.-]+\.\w+(/\S*)?", url)] == []


def test_site_has_every_command_and_option(site):
    text = (site / "commands.html").read_text("utf-8")
    for name, command in commands(main):
        assert f">{name}<" in text, name
        for option in (flag for parameter in command.params for flag in parameter.opts if flag.startswith("--")):
            assert f"{option}" in text, f"{name} {option}"


def commands(group: click.Group, above: str = "") -> list[tuple[str, click.Command]]:
    pairs = []
    for name, command in group.commands.items():
        pairs.append((name, command))
        if isinstance(command, click.Group):
            pairs += commands(command, name)
    return pairs


@pytest.mark.parametrize("package", ["", *PACKAGES])
def test_site_has_every_public_name(package, site):
    path = f"robustbench_endo.{package}".rstrip(".")
    module = import_module(path)
    page = (site / "api" / f"{package or path}.html").read_text("utf-8")
    names = [name for name in module.__all__ if name not in ("metrics", "gate")]
    assert [name for name in names if f'id="{path}.{name}"' not in page] == []


def test_site_with_a_broken_link_fails(tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "index.md").write_text("# Title\n\n[nowhere](nowhere.md)\n")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-c", str(DOCS), "-D", "html_static_path="]
    done = subprocess.run(
        [*command, str(tmp_path / "source"), str(tmp_path / "out")], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "nowhere" in done.stderr


@pytest.mark.slow
def test_small_report_is_written_without_a_demo(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("build_site", DOCS / "build_site.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    monkeypatch.setattr(script, "SMALL", {"limit": 1, "severities": (5,), "corruptions": "smoke"})
    script.small_report(tmp_path / "report.html")
    assert "tiny-endoarss/tesla" in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.browser
def test_site_in_a_browser_loads_nothing_and_fits_a_phone(site, visit):
    for name in ("quickstart.html", "api/robustbench_endo.html", "commands.html"):
        page = visit(site / name, viewport={"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        assert page.messages == []
        assert [url for url in page.requests if not url.startswith("file:")] == []
        page.close()


@pytest.mark.browser
@pytest.mark.parametrize("name", KINDS)
def test_axe_finds_no_violation(name, site, visit):
    # The package carries axe-core (MPL-2.0), which is a tool of the tests and is not distributed with this project.
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page = visit(site / f"{name}.html")
    for width, scheme in ((1440, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 1000})
        page.emulate_media(color_scheme=scheme)
        result = axe.Axe().run(page, options={"resultTypes": ["violations"], "preload": False}).response
        violations = [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in result["violations"]]
        assert violations == [], f"{name}, {width} px, {scheme}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


@pytest.mark.browser
def test_search_works_from_disk(site, visit):
    page = visit(site / "index.html")
    page.goto((site / "search.html").as_uri() + "?q=hausdorff")
    page.wait_for_selector("#search-results li a")
    results = page.locator("#search-results li a").all_inner_texts()
    assert any("Metrics" in text for text in results), results
    assert page.messages == []
    page.close()
