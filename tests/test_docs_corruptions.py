"""The page about the corruptions: what the code declares, and examples that run."""

import json
import re
import runpy
import shutil

import pytest
from docs_pages import DOCS, code, command_lines, missing_links, read_page, run_command

from robustbench_endo.corruptions import load_suite

PAGE = read_page("corruptions")
SCRIPT = runpy.run_path(str(DOCS / "corruption_page.py"))
DISTORTION = json.loads((DOCS / "distortion.json").read_text("utf-8"))

pytestmark = pytest.mark.docs


def test_corruption_page_equals_the_declarations():
    assert SCRIPT["updated_page"](PAGE, load_suite("endo19"), DISTORTION) == PAGE, "run make figures"


def test_corruption_page_distortion_is_that_of_these_corruptions():
    assert DISTORTION["suite_hash"] == load_suite("endo19").fingerprint, "parameters changed: run make figures"
    assert DISTORTION["golden_sha256"] == SCRIPT["golden_hash"](), "pixels changed: run make figures"
    for name, measured in DISTORTION["corruptions"].items():
        assert measured["ssim"] == sorted(measured["ssim"], reverse=True), name
        assert len(set(measured["ssim"])) == 5, name


def test_corruption_page_links_exist_and_images_are_small():
    assert missing_links(PAGE) == []
    for anchor in re.findall(r"\]\(#([^)]+)\)", PAGE):
        assert re.search(rf"^### {anchor.replace('-', ' ')}$", PAGE, re.M | re.I), anchor
    assert sum(path.stat().st_size for path in (DOCS / "images" / "corruptions").iterdir()) < 1.5e6


@pytest.mark.parametrize("example", code(PAGE))
def test_corruption_page_examples_run(example, monkeypatch):
    if "albumentations" in example:
        monkeypatch.setenv("NO_ALBUMENTATIONS_UPDATE", "1")
        pytest.importorskip("albumentations")
    exec(compile(example, "corruptions.md", "exec"), {})


def test_corruption_page_commands_run(make_folder, tmp_path, monkeypatch):
    pytest.importorskip("imagecorruptions")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(make_folder(), "my_frames")
    (tmp_path / "my_suite.toml").write_text(code(PAGE, "toml")[0])
    commands = command_lines(PAGE)
    assert len(commands) >= 6
    for words in commands:
        run_command(words)
