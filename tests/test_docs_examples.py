"""The guides: every file, example and command on them works, in the order of the page; so does the notebook."""

import json
import re
import runpy
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from robustbench_endo.cli import main
from robustbench_endo.cli.errors import FOUND

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
GUIDES = ("quickstart", "your_own", "protocols", "reports")
NOTEBOOK = DOCS / "notebooks" / "from_checkpoint_to_figure.ipynb"
SHORTER = {
    "evaluate": ["--limit", "2", "--severity", "5"],
    "train": ["--epochs", "1"],
    "models": ["-m", "tiny-resnet/mmoe"],
    "report": ["--resamples", "200"],
    "compare": ["--resamples", "200"],
}
"""Options that make a command quick; the last one given counts."""


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text("utf-8")


def blocks(text: str) -> list[tuple[str, str, str]]:
    """(language, file name or nothing, content) of every block, in order."""
    return re.findall(r"^```(python|bash|toml)(?: (\S+))?\n(.*?)^```$", text, re.M | re.S)


def run(command: str) -> None:
    words = shlex.split(command)
    assert words[0] == "robust-endo"
    short = ["smoke" if word == "all" else word for word in words[1:]] + SHORTER.get(words[1], [])
    if words[1] == "evaluate" and "--format" not in words:
        short += ["--format", "html" if "runs/demo" in words else "none"]
    result = CliRunner().invoke(main, short, catch_exceptions=False)
    found_problems = words[1:3] == ["datasets", "check"] and result.exit_code == FOUND
    assert result.exit_code == 0 or found_problems, f"{shlex.join(short)}\n{result.output}"


def install(project: str, folder: Path) -> None:
    """What an installation of the project leaves of its entry points."""
    described = tomllib.loads(project)["project"]
    info = folder / f"{described['name'].replace('-', '_')}-{described['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {described['name']}\n")
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {place}\n" for name, place in points.items())
        for group, points in described["entry-points"].items()
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
def test_every_block_in_order(name, user_folder):
    names: dict[str, object] = {}
    found = blocks(page(name))
    assert {language for language, _, _ in found} >= {"python", "bash"}
    written = {file: text for _, file, text in found if file}
    for file, text in written.items():
        Path(file).write_text(text)
    if "pyproject.toml" in written:
        install(written["pyproject.toml"], user_folder)
    for language, file, text in found:
        if language == "bash":
            for line in text.splitlines():
                run(line)
        elif language == "python" and not file:
            exec(compile(text, f"{name}.md", "exec"), names)


def test_nothing_is_shown_that_is_not_run():
    for name in GUIDES:
        fences = re.findall(r"^```(\S+)", page(name), re.M)
        assert set(fences) <= {"python", "bash", "toml", "console"}, name
        assert "robust-endo" not in "".join(re.findall(r"^```console\n(.*?)^```", page(name), re.M | re.S))


def test_the_parts_of_the_report_are_those_of_the_page():
    templates = (ROOT / "reports" / "html" / "templates").glob("*.html.j2")
    parts = {part for file in templates for part in re.findall(r"<h2[^>]*>([^<{]+)</h2>", file.read_text("utf-8"))}
    assert len(parts) > 8
    for part in parts:
        assert f"\n| {part} |" in page("quickstart"), part


def test_pictures_and_links_are_there():
    for name in GUIDES:
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page(name)):
            assert (DOCS / target).is_file(), f"{name}: {target}"


def test_the_notebook_runs_to_its_figure(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cells = runpy.run_path(str(DOCS / "notebook_cells.py"))["code_cells"](json.loads(NOTEBOOK.read_text("utf-8")))
    names: dict[str, object] = {}
    for number, cell in enumerate(cells):
        exec(compile(cell, f"cell {number}", "exec"), names)
    assert (tmp_path / "severity.pdf").read_bytes().startswith(b"%PDF")
    assert "</html>" in (tmp_path / "runs" / "mine" / "report.html").read_text("utf-8")
    scores = names["results"].scores().set_index(["corruption", "severity"])["miou"]
    assert scores["clean", 0] > scores["smoke", 5], "the network of the notebook has learnt something: its figure falls"


def test_the_notebook_is_kept_without_outputs():
    for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
