"""The page on training: its example runs, its commands have options that exist."""

import re

import pytest
from docs_pages import blocks, command_lines, missing_links, read_page, run_python

from robustbench_endo.cli import main

PAGE = read_page("training")

pytestmark = pytest.mark.docs


@pytest.mark.slow
def test_training_page_example_trains(tmp_path, monkeypatch):
    pytest.importorskip("albumentations")
    monkeypatch.chdir(tmp_path)
    run_python(PAGE, "training.md")
    assert (tmp_path / "runs" / "python-training" / "model.safetensors").is_file()


def test_training_page_options_exist():
    known = {option for parameter in main.commands["train"].params for option in parameter.opts}
    named = set(re.findall(r"--[a-z][a-z-]+", PAGE))
    assert named
    assert named <= known


def test_training_page_commands_parse():
    commands = command_lines(PAGE)
    assert len(commands) == sum(len(block.text.splitlines()) for block in blocks(PAGE, "bash"))
    for words in commands:
        assert words[0] == "robust-endo"
        assert words[1] in ("train", "evaluate")
        main.commands[words[1]].make_context(words[1], words[2:])


def test_training_page_links_exist():
    assert missing_links(PAGE) == []
