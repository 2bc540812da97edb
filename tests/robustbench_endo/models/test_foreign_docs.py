"""The page about users' own models: every file, command and example on it works."""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from robustbench_endo.cli import main
from robustbench_endo.models.external import Adapter, bind, read_adapter

PAGE = (Path(__file__).parents[3] / "docs" / "models.md").read_text("utf-8")
SECTION = re.search(r"^## Your own model$.*?(?=^## |\Z)", PAGE, re.M | re.S)[0]


def blocks(language: str) -> list[tuple[str, str]]:
    """(file name, text) of every block; the name is empty where the block is no file."""
    found = re.findall(rf"^```{language}(?: (\S+))?\n(.*?)^```", SECTION, re.M | re.S)
    assert found
    return found


@pytest.fixture
def workplace(tmp_path: Path, make_folder, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the page's files in it."""
    shutil.copytree(make_folder(), tmp_path / "user" / "my_frames")
    for language in ("python", "toml"):
        for name, text in blocks(language):
            if name:
                (tmp_path / "user" / name).write_text(text)
    monkeypatch.chdir(tmp_path / "user")
    return tmp_path / "user"


def test_every_command(workplace):
    for _, block in blocks("bash"):
        for line in block.splitlines():
            short = ["--limit", "1", "--format", "none"] if " evaluate " in line else []
            result = CliRunner().invoke(main, [*shlex.split(line)[1:], *short], catch_exceptions=False)
            assert result.exit_code == 0, f"{line}\n{result.output}"
    assert (workplace / "runs/adapted/results.parquet").is_file()


def test_python_examples(workplace, capsys):
    for name, block in blocks("python"):
        if not name:
            exec(compile(block, "models.md", "exec"), {})
    assert "torch.Size([1, 3, 128, 160])" in capsys.readouterr().out


def test_every_setting_is_on_the_page(workplace):
    for field in fields(Adapter):
        assert re.search(rf"`?\b{field.name}\b", SECTION), field.name


def test_the_table_merges_as_the_page_says(workplace):
    adapter = read_adapter(Path("table.toml"))
    mapping = bind("mine", adapter.classes, 0, (), ("background", "class_1", "class_2"))
    assert mapping.members(5) == [[0, 2, 4], [1], [3]]
