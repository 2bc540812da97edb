"""The page about failure detection: its blocks run, and it names every number of the tables."""

import pytest
from docs_pages import code, command_lines, missing_links, read_page, run_python

from robustbench_endo.cli import main
from robustbench_endo.results.failure_detection.scores import COLUMNS

PAGE = read_page("failure_detection")


@pytest.mark.docs
@pytest.mark.slow
def test_blocks_of_the_page_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(code(PAGE)) == 2
    run_python(PAGE, "failure_detection.md")
    assert (tmp_path / "calibration.json").is_file()


def test_page_names_every_number_and_verdict():
    for name in (*COLUMNS, "broken", "not shown", "shown", "void"):
        assert name in PAGE


def test_commands_of_the_page_have_these_options():
    assert len(command_lines(PAGE)) == 2
    for words in command_lines(PAGE):
        command = main.commands[words[1]]
        known = {flag for param in command.params for flag in param.opts}
        assert {word for word in words if word.startswith("-")} <= known


def test_links_of_the_page_exist():
    assert missing_links(PAGE) == []
