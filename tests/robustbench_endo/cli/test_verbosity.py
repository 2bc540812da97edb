"""`--quiet` and `--verbose`."""

import logging
import sys

import click
import pytest
from click.testing import CliRunner

from robustbench_endo.cli.errors import ErrorHandlingGroup
from robustbench_endo.cli.verbosity import PACKAGE, console_log, echo_note, is_quiet, is_verbose, verbosity_options


@pytest.fixture
def call():
    group = ErrorHandlingGroup("main")

    @group.command()
    @verbosity_options
    def work():
        log = logging.getLogger(f"{PACKAGE}.evaluation")
        with console_log():
            log.debug("a chunk")
            log.info("resuming")
            log.warning("careful")
            logging.getLogger("another").info("library")
        echo_note("a note")
        click.echo((is_quiet(), is_verbose()))

    return lambda *arguments: CliRunner().invoke(group, ["work", *arguments])


@pytest.mark.parametrize(
    ("option", "lines", "state"),
    [
        ("--quiet", ["careful"], "(True, False)"),
        ("-v", ["a chunk", "resuming", "careful", "a note"], "(False, True)"),
        (None, ["resuming", "careful", "a note"], "(False, False)"),
    ],
)
def test_verbosity_options_select_messages(call, option, lines, state):
    result = call(*([option] if option else []))
    assert result.stderr.splitlines() == lines
    assert result.stdout.strip() == state


def test_verbosity_options_exclude_each_other(call):
    result = call("-q", "-v")
    assert result.exit_code == 2
    assert result.stderr == "Error: Expected either --quiet or --verbose, got both: leave one of them out.\n"


def test_console_log_leaves_logging_as_it_was(call):
    before = logging.getLogger().handlers[:], logging.getLogger(PACKAGE).level
    call()
    assert (logging.getLogger().handlers, logging.getLogger(PACKAGE).level) == before


def test_is_quiet_outside_of_commands():
    assert not is_quiet()
    assert not is_verbose()


@pytest.mark.parametrize(("command", "module"), [("evaluate", "evaluation.device"), ("train", "training")])
def test_long_commands_print_a_line_before_their_imports(robust_endo, monkeypatch, command, module):
    monkeypatch.setitem(sys.modules, f"{PACKAGE}.{module}", None)  # importing it is an error
    assert robust_endo(command).stderr.startswith("Loading ")
    assert robust_endo(command, "--quiet").stderr.startswith("Error: ")
