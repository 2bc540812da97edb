"""The page on training: its example runs, its commands have options that exist."""

import re

import pytest
from docs_pages import DOCS, ROOT, blocks, command_lines, missing_links, read_page, run_command, run_python

from robustbench_endo.cli import main

PAGE = read_page("training")
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
COMMANDS = {
    " ".join(words): words
    for page in PAGES
    for words in command_lines(page.read_text("utf-8"))
    if words[:2] == ["robust-endo", "train"]
}
SMALL = ["--epochs", "1", "--batch-size", "4", "--seeds", "1", "--device", "cpu"]

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


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_every_training_command_of_the_documentation_trains(tmp_path, monkeypatch, make_folder, command):
    pytest.importorskip("albumentations")
    make_folder(splits=("train", "val", "test")).rename(tmp_path / "my_frames")
    monkeypatch.chdir(tmp_path)
    words = COMMANDS[command]
    run_command([*words, *SMALL])
    assert (tmp_path / words[words.index("--out") + 1] / "model.safetensors").is_file()


def test_every_page_with_a_training_command_is_read():
    assert len(COMMANDS) >= 5
    texts = [page.read_text("utf-8") for page in PAGES]
    in_blocks = sum(len(re.findall(r"^robust-endo train ", text, re.M)) for text in texts)
    assert in_blocks == sum(words[1] == "train" for text in texts for words in command_lines(text))
