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


MISTAKES = [
    ("evalute", "did you mean evaluate?"),
    ("evaluate --sevrity 3", "did you mean --severity?"),
    ("evaluate --epochs 3", "it is an option of robust-endo train and reproduce"),
    ("evaluate --out", "a value after --out"),
    ("evaluate --severity 6", "severities from 1 to 5 for --severity, got 6"),
    ("evaluate --severity a-b", "for --severity, got 'a-b'"),
    ("evaluate --corruption smok", "did you mean smoke?"),
    ("evaluate -n 0", "--limit to be an integer of at least 1, got '0'"),
    ("evaluate -n many", "--limit to be an integer of at least 1, got 'many'"),
    ("evaluate --resolution tiny", "for --resolution, got 'tiny'"),
    ("evaluate --suite endo20", "did you mean endo19"),
    ("evaluate --precision fp16", "--precision to be one of auto, fp32, bf16, got 'fp16'"),
    ("evaluate --format doc", "for --format, got 'doc'"),
    ("evaluate --shard 9/8", "a shard from 1/8 to 8/8, got 9/8"),
    ("evaluate --batch-size 0", "--batch-size to be an integer of at least 1"),
    ("evaluate --failure-point miou", "--failure-point METRIC=THRESHOLD"),
    ("evaluate --spacing x", "for --spacing, got 'x'"),
    ("evaluate --config nofile.toml", "nofile.toml"),
    ("evaluate extra", "got the argument 'extra'"),
    ("evaluate --compile=yes", "no value after --compile"),
    ("report", "the argument RUN, got none"),
    ("report nowhere", "a finished run in nowhere"),
    ("report run --page-size a5", "--page-size to be one of a4, letter, got 'a5'"),
    ("report run --threshold dice", "a threshold such as dice=0.8"),
    ("verify run --replay -1", "--replay to be an integer from 0 to 1000000"),
    ("sample-size run", "the option --half-width, got none"),
    ("merge empty", "a run folder to merge"),
    ("datasets chek x", "did you mean check?"),
    ("datasets check nope", "the name of a dataset, got 'nope'"),
    ("corrupt frames", "the argument OUT, got none"),
    ("reproduce table9", "TABLE to be one of table2"),
    ("train --preset x", "--preset to be one of mtlesd"),
    ("train --task-weight seg", "for --task-weight, got 'seg'"),
    ("synthesize", "--background, got none"),
    ("severity-survey --limit 50 x", "--limit to be an integer from 1 to 20"),
]


@pytest.mark.parametrize(("words", "text"), MISTAKES, ids=[words for words, _ in MISTAKES])
def test_typical_mistake_is_one_sentence_that_names_it(robust_endo, tmp_path, monkeypatch, words, text):
    monkeypatch.chdir(tmp_path)
    result = robust_endo(*words.split())
    assert result.exit_code == 2, result.output
    *before, error = result.stderr.splitlines()
    assert all(line.startswith("Loading ") for line in before), result.stderr
    assert error.startswith(("Error: Expected ", "Error: Cannot "))
    assert text in result.stderr
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("variables", "escapes"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colours_follow_the_environment(robust_endo, monkeypatch, variables, escapes):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    command = ("datasets", "check", "synthetic@frames=1", "--split", "test")
    text = robust_endo(*command).stdout
    # Without colours a terminal still has bold text.
    assert ("\x1b[1;3" in text) == escapes
    assert ("\x1b" in text) == bool(variables)
