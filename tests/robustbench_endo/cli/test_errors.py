"""Unknown commands, `--debug`, interruptions, and errors that no module has foreseen."""

import errno
import io
import re
import signal
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from robustbench_endo.cli.errors import (
    ERROR,
    EXIT_CODES,
    INTERRUPTED,
    PROBLEMS,
    TERMINATED,
    VERIFICATION_FAILED,
    ErrorHandlingGroup,
    error_sentence,
    is_unexpected,
    print_any_character,
)
from robustbench_endo.errors import DataError
from robustbench_endo.interruption import resumable
from robustbench_endo.results.verify import Check


@pytest.fixture
def raising():
    """Run a command that raises an error; the result has ``exit_code`` and ``stderr``."""

    def call(error, *arguments, folder=None):
        @click.group(cls=ErrorHandlingGroup)
        @click.option("--debug", is_flag=True)
        def group(debug):
            pass

        @group.command()
        def work():
            if folder is None:
                raise error
            with resumable(folder):
                raise error

        return CliRunner().invoke(group, [*arguments, "work"])

    return call


def test_resolve_command_names_the_closest_command(robust_endo):
    result = robust_endo("evalute")
    assert result.exit_code == 2
    assert "Expected a command, got 'evalute': did you mean evaluate?" in result.stderr


def test_main_with_debug_raises(raising):
    result = raising(DataError("Expected a, got b."), "--debug")
    assert type(result.exception) is DataError


def test_main_reports_how_to_resume(raising, tmp_path):
    (tmp_path / "run.json").touch()
    result = raising(KeyboardInterrupt(), folder=tmp_path)
    assert result.exit_code == INTERRUPTED
    assert f"saved in {tmp_path}; re-run the same command to resume." in result.stderr
    result = raising(KeyboardInterrupt())
    assert result.exit_code == INTERRUPTED
    assert "Interrupted: re-run the same command to start again." in result.stderr


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (DataError("Expected a, got b."), "Expected a, got b."),
        (OSError(errno.ENOSPC, "No space left on device"), "Cannot write: No space left on device. Free some space"),
        (OSError(errno.EFBIG, "File too large", "a.csv"), "Cannot write a.csv: File too large. Free some space"),
        (PermissionError(13, "Permission denied", "a.png"), "Cannot access a.png: Permission denied. Check the path"),
        (DataError("Expected a, got \x1b[2J\0\n\u00a0."), r"Expected a, got \x1b[2J\x00\n"),
        (MemoryError(), "Out of memory. Use a smaller --resolution"),
        (KeyError("x\ny"), "Unexpected error: KeyError: 'x\\ny'. Re-run with robust-endo --debug"),
        (OSError("first line\nsecond."), "Unexpected error: OSError: first line second. Re-run with robust-endo"),
    ],
)
def test_main_prints_every_error_in_one_sentence(raising, error, sentence):
    result = raising(error)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {sentence}")
    assert result.stderr.count("\n") == 1
    assert error_sentence(error).isprintable() == (error_sentence(error) in result.stderr)


def test_print_any_character_replaces_an_encoding_error(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    print_any_character()
    stream.write("± \udcff")
    stream.flush()
    assert stream.buffer.getvalue() == rb"\xb1 \udcff"


@pytest.mark.parametrize("text", ["a\0b", "\udcff.png"])
def test_main_refuses_text_that_cannot_be_stored(robust_endo, text):
    result = robust_endo("report", text)
    assert result.exit_code == 2
    assert f"Expected arguments in UTF-8 without null characters, got {text!a}" in result.stderr


def test_error_sentence_leaves_out_the_middle_of_a_long_value():
    text = error_sentence(DataError(f"Expected a, got {'n' * 9000}: do b."))
    assert len(text) < 2100
    assert text.startswith("Expected a, got n")
    assert text.endswith("n: do b.")


def test_exit_codes_are_those_of_the_documentation():
    page = (Path(__file__).parents[3] / "docs" / "commands.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| ([\d, ]+) \| (.+) \|$", page, re.MULTILINE))
    assert list(rows) == list(EXIT_CODES)
    for code, meaning in EXIT_CODES.items():
        assert meaning.split(" (")[0].split(":")[0] in rows[code].replace("`", "")


def test_every_exit_code_is_reached(robust_endo, raising, monkeypatch, tmp_path):
    assert robust_endo("datasets").exit_code == 0
    monkeypatch.setattr(
        "robustbench_endo.evaluation.run_checks.check_folder", lambda run: [Check("checksums", "a file was changed")]
    )
    assert robust_endo("verify", tmp_path).exit_code == VERIFICATION_FAILED == 1
    assert robust_endo("report", tmp_path).exit_code == ERROR == 2
    (tmp_path / "test" / "image").mkdir(parents=True)
    (tmp_path / "test" / "image" / "a.png").touch()
    assert robust_endo("datasets", "check", tmp_path).exit_code == PROBLEMS == 3
    assert raising(KeyboardInterrupt()).exit_code == INTERRUPTED == 128 + signal.SIGINT
    assert TERMINATED == 128 + signal.SIGTERM
    assert robust_endo("--help").stdout.count("\n  ") > len(EXIT_CODES)


def test_is_unexpected_for_errors_without_a_sentence():
    assert is_unexpected(ValueError("a"))
    assert not is_unexpected(DataError("Expected a, got b."))
    assert not is_unexpected(FileNotFoundError(2, "No such file", "a.png"))
