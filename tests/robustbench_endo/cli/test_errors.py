"""Unknown commands, `--debug`, interruptions, and errors that no module has foreseen."""

import errno
import io
import sys

import click
import pytest
from click.testing import CliRunner

from robustbench_endo.cli.errors import INTERRUPTED, ErrorHandlingGroup, error_sentence, print_any_character
from robustbench_endo.errors import DataError
from robustbench_endo.interruption import resumable


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
