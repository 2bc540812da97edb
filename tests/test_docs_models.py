"""The page about users' own models: every file, command and example works."""

from __future__ import annotations

import re
import shutil
from dataclasses import fields
from pathlib import Path

import pytest
from docs_pages import Block, command_lines, read_page, run_command, run_python
from docs_pages import blocks as page_blocks

from robustbench_endo.models.external import IOSpec, bind, read_io_spec
from robustbench_endo.tasks.registry import TASKS

PAGE = read_page("models")
SECTION = re.search(r"^## Your own model$.*?(?=^## |\Z)", PAGE, re.M | re.S)[0]

pytestmark = pytest.mark.docs


def blocks(language: str) -> list[Block]:
    """The blocks of a language, of which there are some."""
    matches = page_blocks(SECTION, language)
    assert matches
    return matches


@pytest.fixture
def page_folder(tmp_path: Path, make_folder, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the page's files in it."""
    shutil.copytree(make_folder(), tmp_path / "user" / "my_frames")
    for language in ("python", "toml"):
        for block in blocks(language):
            if block.file:
                (tmp_path / "user" / block.file).write_text(block.text)
    monkeypatch.chdir(tmp_path / "user")
    return tmp_path / "user"


@pytest.mark.slow
def test_models_page_commands_run(page_folder):
    for words in command_lines(SECTION):
        run_command([*words, *(["--limit", "1", "--format", "none"] if words[1] == "evaluate" else [])])
    assert (page_folder / "runs/adapted/results.parquet").is_file()


def test_models_page_python_examples_run(page_folder, capsys):
    run_python(SECTION, "models.md")
    assert "torch.Size([1, 3, 128, 160])" in capsys.readouterr().out


def test_models_page_names_every_setting(page_folder):
    names = {field.name for field in fields(IOSpec)} - {"labels"} | {task.label_attribute for task in TASKS}
    for name in names:
        assert re.search(rf"`?\b{name}\b", SECTION), name


def test_models_page_table_merges_as_described(page_folder):
    adapter = read_io_spec(Path("table.toml"))
    mapping = bind("mine", adapter.labels["segmentation"], 0, (), ("background", "class_1", "class_2"))
    assert mapping.members(5) == [[0, 2, 4], [1], [3]]
