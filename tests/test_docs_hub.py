"""The page about the hub, against a hub on this machine."""

import re
import shlex

from docs_pages import code, missing_links, read_page, run_python
from fake_hub import files_of, running_hub

from robustbench_endo.cli import main
from robustbench_endo.models.checkpoint import shipped_checkpoint

PAGE = read_page("hub")


def test_hub_page_example_prints_the_commit(tmp_path, monkeypatch, capsys):
    with running_hub(tmp_path, monkeypatch) as hub:
        _, commit = hub.add("models/org/model", files_of(shipped_checkpoint("tiny-resnet/mmoe")))
        run_python(PAGE, "hub.md")
    assert capsys.readouterr().out == f"hf://org/model@{commit}\n"


def test_hub_page_commands_have_existing_options():
    lines = [line.removeprefix("$ ") for text in code(PAGE, "console") for line in text.splitlines()]
    assert len(lines) == 6
    for line in lines:
        command = main.commands[shlex.split(line)[1]]
        options = {name for parameter in command.params for name in parameter.opts}
        assert set(re.findall(r"(--[\w-]+)", line)) <= options, line


def test_hub_and_installation_page_links_exist():
    assert missing_links(PAGE) == missing_links(read_page("installation")) == []
