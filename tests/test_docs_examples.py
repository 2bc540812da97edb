"""The guides: every file, example and command works, in the order of the page."""

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from docs_pages import ROOT, blocks, missing_links, read_page, run_command

from robustbench_endo.cli.errors import PROBLEMS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

GUIDES = ("quickstart", "your_own", "protocols", "reports")
SHORTER = {
    "evaluate": ["--limit", "2", "--severity", "5"],
    "train": ["--epochs", "1"],
    "models": ["-m", "tiny-resnet/mmoe"],
    "report": ["--resamples", "200"],
    "compare": ["--resamples", "200"],
}
"""Options that shorten a command; the last value of an option counts."""


def run(command: str) -> None:
    words = shlex.split(command)
    assert words[0] == "robust-endo"
    short = ["smoke" if word == "all" else word for word in words[1:]] + SHORTER.get(words[1], [])
    if words[1] == "evaluate" and "--format" not in words:
        short += ["--format", "html" if "runs/demo" in words else "none"]
    run_command(["robust-endo", *short], *([PROBLEMS] if words[1:3] == ["datasets", "check"] else []))


def install(project: str, folder: Path) -> None:
    """The metadata that an installation of the project writes for its entry points."""
    metadata = tomllib.loads(project)["project"]
    info = folder / f"{metadata['name'].replace('-', '_')}-{metadata['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {metadata['name']}\n")
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in points.items())
        for group, points in metadata["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))


@pytest.fixture
def user_folder(tmp_path, make_folder, monkeypatch):
    """An empty folder with a user's frames in it, from which Python imports, as it does from a script's."""
    folder = tmp_path / "user"
    folder.mkdir()
    shutil.copytree(make_folder(splits=("train", "test"), size=(96, 128)), folder / "my_frames")
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


@pytest.mark.parametrize("name", GUIDES)
@pytest.mark.slow
def test_guide_blocks_run_in_order(name, user_folder):
    names: dict[str, object] = {}
    parts = blocks(read_page(name), "python", "bash", "toml")
    assert {part.language for part in parts} >= {"python", "bash"}
    written = {part.file: part.text for part in parts if part.file}
    for file, text in written.items():
        Path(file).write_text(text)
    if "pyproject.toml" in written:
        install(written["pyproject.toml"], user_folder)
    for part in parts:
        if part.language == "bash":
            for line in part.text.splitlines():
                run(line)
        elif part.language == "python" and not part.file:
            exec(compile(part.text, f"{name}.md", "exec"), names)


def test_guide_blocks_are_all_run():
    for name in GUIDES:
        fences = re.findall(r"^```(\S+)", read_page(name), re.M)
        assert set(fences) <= {"python", "bash", "toml", "console"}, name
        assert "robust-endo" not in "".join(re.findall(r"^```console\n(.*?)^```", read_page(name), re.M | re.S))


def test_quickstart_explains_every_part_of_the_report():
    templates = (ROOT / "reports" / "html" / "templates").glob("*.html.j2")
    parts = {part for file in templates for part in re.findall(r"<h2[^>]*>([^<{]+)</h2>", file.read_text("utf-8"))}
    assert len(parts) > 8
    for part in parts:
        assert f"\n| {part} |" in read_page("quickstart"), part


def test_guide_links_exist():
    assert [link for name in GUIDES for link in missing_links(read_page(name))] == []
