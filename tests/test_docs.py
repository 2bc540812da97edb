"""The page about the corruptions: what the code says, and examples that run."""

import json
import re
import runpy
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from robustbench_endo.cli import main
from robustbench_endo.corruptions import load_suite

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "corruptions.md").read_text("utf-8")
SCRIPT = runpy.run_path(str(DOCS / "corruption_page.py"))
MEASURED = json.loads((DOCS / "distortion.json").read_text("utf-8"))


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)


def test_the_page_is_what_the_catalogue_says():
    assert SCRIPT["written"](PAGE, load_suite("endo19"), MEASURED) == PAGE, "run make figures"


def test_the_dose_was_measured_on_these_corruptions():
    assert MEASURED["suite_hash"] == load_suite("endo19").fingerprint, "parameters changed: run make figures"
    assert MEASURED["golden_sha256"] == SCRIPT["golden_hash"](), "pixels changed: run make figures"
    for name, measured in MEASURED["corruptions"].items():
        assert measured["ssim"] == sorted(measured["ssim"], reverse=True), name
        assert len(set(measured["ssim"])) == 5, name


def test_pictures_links_and_their_weight():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", PAGE):
        assert (DOCS / target).is_file(), target
    for anchor in re.findall(r"\]\(#([^)]+)\)", PAGE):
        assert re.search(rf"^### {anchor.replace('-', ' ')}$", PAGE, re.M | re.I), anchor
    assert sum(path.stat().st_size for path in (DOCS / "images" / "corruptions").iterdir()) < 1.5e6


@pytest.mark.parametrize("block", blocks("python"))
def test_python_examples(block, monkeypatch):
    if "albumentations" in block:
        monkeypatch.setenv("NO_ALBUMENTATIONS_UPDATE", "1")
        pytest.importorskip("albumentations")
    exec(compile(block, "corruptions.md", "exec"), {})


def test_every_command(make_folder, tmp_path, monkeypatch):
    pytest.importorskip("imagecorruptions")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(make_folder(), "my_frames")
    (tmp_path / "my_suite.toml").write_text(blocks("toml")[0])
    commands = [line for block in blocks("bash") for line in block.splitlines()]
    assert len(commands) >= 6
    for command in commands:
        result = CliRunner().invoke(main, shlex.split(command)[1:], catch_exceptions=False)
        assert result.exit_code == 0, f"{command}\n{result.output}"
