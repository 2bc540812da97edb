"""Paths that commands write to."""

import click
import pytest

from robustbench_endo.cli.command import command, option
from robustbench_endo.cli.output_path import OutputPath


@pytest.fixture
def write():
    """A command with an output."""

    @command(short="Write.")
    @option("--out", type=OutputPath())
    def write(out):
        click.echo(out)

    return write


@pytest.mark.parametrize(("name", "exit_code"), [("run.json", 2), ("gallery/a.json", 2), ("gate.json", 0)])
def test_files_of_a_run_are_no_output(write, name, exit_code, tmp_path):
    (tmp_path / "run.json").write_text("{}")
    done = click.testing.CliRunner().invoke(write, ["--out", str(tmp_path / name)])
    assert done.exit_code == exit_code
    assert ("Expected --out to be none of the files of a run, got" in done.output) == (exit_code == 2)
    assert (tmp_path / "run.json").read_text() == "{}"
