"""The page on configuration files: its file, commands and example work."""

import pytest
from docs_pages import blocks, command_lines, read_page, run_command, run_python

from robustbench_endo.results import load_results

PAGE = read_page("configuration")

pytestmark = [pytest.mark.docs, pytest.mark.slow]


def test_configuration_page_commands_and_example_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for block in blocks(PAGE, "toml"):
        (tmp_path / block.file).write_text(block.text)
    for words in command_lines(PAGE):
        run_command(words)
    assert load_results("runs/smoke").severities == [1, 5]
    assert load_results("runs/smoke-5").severities == [5]
    capsys.readouterr()
    run_python(PAGE, "configuration.md")
    assert capsys.readouterr().out.split() == ["endo19", "3"]
