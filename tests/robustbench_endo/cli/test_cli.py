"""The command line as a whole: start-up, `python -m`, help of every command."""

import subprocess
import sys

import pytest

from robustbench_endo.cli import main
from robustbench_endo.errors import RobustEndoError

CONFIGURED = {"evaluate": (), "train": (), "reproduce": ("table2",), "synthesize": ()}
"""Command with ``--config`` -> its required arguments."""

HEAVY = ("torch", "numba", "pandas", "numpy", "scipy", "matplotlib", "rich", "ray", "timm")


HELP_OF_EVERY_COMMAND = f"""
import sys
from click.testing import CliRunner
from robustbench_endo.cli import main

for arguments in ((), *((name,) for name in main.commands)):
    result = CliRunner().invoke(main, [*arguments, "--help"])
    assert result.exit_code == 0, result.output
    heavy = [name for name in {HEAVY!r} if name in sys.modules]
    assert not heavy, (arguments, heavy)
"""


def test_main_help_of_every_command_imports_no_heavy_library():
    done = subprocess.run([sys.executable, "-c", HELP_OF_EVERY_COMMAND], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_python_m_runs_the_command_line():
    done = subprocess.run(
        [sys.executable, "-m", "robustbench_endo", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("robust-endo, version ")


@pytest.mark.parametrize("name", sorted(main.commands))
def test_main_help_of_command(robust_endo, name):
    result = robust_endo(name, "--help")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"Usage: main {name} ")


@pytest.mark.parametrize("command", CONFIGURED)
@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("[{command}]\nsed = 1\n", ("Expected the name of a setting", "got 'sed'", "did you mean seed")),
        ("[{other}]\nseed = 1\n", ("Expected a table [{command}]", "got the table [{other}]", "--print-config")),
        ("[{command}]\nseed = 1\n[{other}]\n", ("Expected only a table [{command}]", "got [{other}]", "remove it")),
        ('[{command}]\nseed = "one"\n', ("Expected seed in", "got 'one'", "correct the value")),
        ("[{command}\n", ("Cannot parse", "invalid TOML", "Correct the file")),
    ],
    ids=["unknown", "other", "two", "type", "damaged"],
)
def test_config_file_errors_are_one_sentence(robust_endo, tmp_path, command, content, texts):
    names = {"command": command, "other": "train" if command == "evaluate" else "evaluate"}
    (tmp_path / "a.toml").write_text(content.format(**names))
    arguments = (command, *CONFIGURED[command], "--config", tmp_path / "a.toml")
    result = robust_endo(*arguments)
    assert result.exit_code == 2, result.output
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("Error: ")
    for text in texts:
        assert text.format(**names) in result.stderr
    assert isinstance(robust_endo("--debug", *arguments).exception, RobustEndoError)


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        ("evaluate --address x", ("only with the engine ray", "add --engine ray")),
        ("evaluate --protocol endoarss --resolution 512", ("256x256", "got resolution 512", "leave that out")),
        ("train --preset mtlesd --config {file}", ("either --preset or --config", "leave one of them out")),
        ("reproduce table2 --quick", ("--synthetic with --quick", "add it, or leave --quick out")),
        ("reproduce table2 --synthetic --data x", ("--data or --synthetic", "leave one out")),
        ("synthesize --scales 2,1", ("the smaller first", "got (2.0, 1.0)", "correct the setting")),
    ],
)
def test_contradicting_options_are_one_sentence(robust_endo, tmp_path, options, texts):
    (tmp_path / "a.toml").write_text("[train]\n")
    result = robust_endo(*(option.format(file=tmp_path / "a.toml") for option in options.split()))
    assert result.exit_code == 2, result.output
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("Error: Expected ")
    for text in texts:
        assert text in result.stderr
