"""The page on training: its example runs, its commands have options that exist."""

import re
import shlex
from pathlib import Path

import pytest

from robustbench_endo.cli import main

PAGE = (Path(__file__).parents[1] / "docs" / "training.md").read_text("utf-8")


def test_python_example(tmp_path, monkeypatch):
    pytest.importorskip("albumentations")
    monkeypatch.chdir(tmp_path)
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.S):
        exec(compile(block, "training.md", "exec"), {})
    assert (tmp_path / "runs" / "python-training" / "model.safetensors").is_file()


def test_options_that_the_page_names_exist():
    known = {option for parameter in main.commands["train"].params for option in parameter.opts}
    named = set(re.findall(r"--[a-z][a-z-]+", PAGE))
    assert named
    assert named <= known


def test_commands_parse():
    for block in re.findall(r"```bash\n(.*?)```", PAGE, re.S):
        for line in block.splitlines():
            words = shlex.split(line)
            assert words[:2] == ["robust-endo", "train"]
            main.commands["train"].make_context("train", words[2:])


def test_links():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", PAGE):
        assert (Path(__file__).parents[1] / "docs" / target).is_file(), target
