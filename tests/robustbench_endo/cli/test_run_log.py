"""`run.log`."""

import logging
import os
import re
import warnings

import click
import pytest
from click.testing import CliRunner

from robustbench_endo import interruption
from robustbench_endo.cli import run_log as module
from robustbench_endo.cli.errors import FRAMES_FAILED, ErrorHandlingGroup
from robustbench_endo.cli.run_log import log_name, run_log
from robustbench_endo.errors import DataError

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (DEBUG|INFO|WARNING|ERROR) +\S.*")


@pytest.fixture
def call(tmp_path):
    """Run a command with a log; the result has ``exit_code`` and ``stderr``."""

    def run(work=lambda: None, *arguments, folder=tmp_path):
        group = ErrorHandlingGroup("main")

        @group.command(context_settings={"allow_extra_args": True})
        def evaluate():
            with run_log(folder, {"seed": 3}):
                work()

        return CliRunner().invoke(group, ["evaluate", *arguments])

    return run


def test_run_log_has_start_messages_and_end(call, tmp_path):
    def work():
        logging.getLogger("robustbench_endo.evaluation").debug("Chunk 1 is written.")
        logging.getLogger("another").info("not ours")

    assert call(work, "a b").exit_code == 0
    lines = (tmp_path / "run.log").read_text("utf-8").splitlines()
    assert all(LINE.fullmatch(line) for line in lines)
    assert [line.split(maxsplit=2)[2] for line in lines if "Version" not in line] == [
        "Start: robust-endo evaluate 'a b'",
        'Settings: {"seed": 3}',
        "Chunk 1 is written.",
        "End: exit code 0.",
    ]
    call()
    assert (tmp_path / "run.log").read_text("utf-8").count("Start: ") == 2


def test_run_log_has_the_traceback_of_an_unexpected_error(call, tmp_path):
    def work():
        return 1 / 0

    result = call(work)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert result.stderr.strip().endswith(
        f"Report it with the traceback, which is at the end of {tmp_path / 'run.log'}."
    )
    text = (tmp_path / "run.log").read_text("utf-8")
    assert "Unexpected error:\nTraceback (most recent call last):" in text
    assert "return 1 / 0" in text


def test_run_log_has_the_sentence_of_an_error(call, tmp_path):
    def work():
        raise DataError("Expected a, got b: do c.")

    assert call(work).stderr.count("Expected a, got b: do c.") == 1
    text = (tmp_path / "run.log").read_text("utf-8")
    assert text.endswith("ERROR   Error: Expected a, got b: do c.\n")
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (KeyboardInterrupt(), "Interrupted: the same command resumes the run."),
        (interruption.Interrupted(), "Interrupted: the same command resumes the run."),
        (SystemExit(FRAMES_FAILED), "End: exit code 3, some frames are excluded."),
    ],
)
def test_run_log_tells_how_the_run_ended(tmp_path, error, text):
    with pytest.raises(type(error)), run_log(tmp_path, {}):
        raise error
    assert (tmp_path / "run.log").read_text("utf-8").endswith(f"{text}\n")


def test_run_log_has_warnings_which_are_displayed_as_before(tmp_path, monkeypatch):
    displayed = []
    monkeypatch.setattr(warnings, "showwarning", lambda message, *others, **more: displayed.append(str(message)))
    with run_log(tmp_path, {}):
        warnings.showwarning(UserWarning("careful"), UserWarning, "file.py", 1)
    assert displayed == ["careful"]
    assert "UserWarning: careful" in (tmp_path / "run.log").read_text("utf-8")


def test_run_log_waits_for_its_folder(call, tmp_path):
    folder = tmp_path / "later"
    assert call(folder=folder).exit_code == 0
    assert not folder.exists()
    assert call(folder.mkdir, folder=folder).exit_code == 0
    assert (folder / "run.log").read_text("utf-8").startswith("20")
    assert "Start: " in (folder / "run.log").read_text("utf-8")


def test_run_log_that_cannot_be_written_ends_no_run(call, tmp_path):
    (tmp_path / "run.log").mkdir()
    assert call(lambda: click.echo("done")).stdout == "done\n"


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_run_log_writes_only_a_regular_file(call, tmp_path, kind):
    target, folder = tmp_path / "target", tmp_path / "run"
    target.write_text("untouched")
    folder.mkdir()
    if kind == "link":
        (folder / "run.log").symlink_to(target)
    else:
        os.mkfifo(folder / "run.log")
    assert call(lambda: click.echo("done"), folder=folder).stdout == "done\n"
    assert target.read_text() == "untouched"


def test_run_log_notes_an_interruption_of_a_computation(tmp_path, monkeypatch):
    monkeypatch.setattr(interruption, "received", lambda: True)
    with run_log(tmp_path, {}):
        module._log_interruption()  # as the exit handlers do
    assert "Interrupted while computing" in (tmp_path / "run.log").read_text("utf-8")


def test_log_name_of_a_shard():
    assert log_name("2/8") == "run.shard-2-of-8.log"
