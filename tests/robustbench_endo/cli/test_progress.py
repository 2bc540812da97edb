"""Progress on a terminal and in logs of jobs."""

import io
import re
import time

import click
import pytest
from click.testing import CliRunner

from robustbench_endo.cli import progress
from robustbench_endo.cli.progress import ProgressLines, progress_bar
from robustbench_endo.cli.verbosity import verbosity_options


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def written():
    return []


@pytest.fixture
def lines(clock, written):
    return ProgressLines("Evaluating", "frames", written.append, clock)


def test_progress_lines_state_time_and_condition(lines, clock, written):
    lines(0, 1104)
    assert written == ["Evaluating: 0 of 1104 frames (0 %)"]
    clock.now = 30
    lines(120, 1104, "smoke 3")
    lines.write_line()
    assert written[1] == "Evaluating: 120 of 1104 frames (10 %), 0:00:30 elapsed, 0:04:06 left, smoke 3"
    clock.now = 7322
    lines(1104, 1104, "pixelate 5")
    lines.finish()
    assert written[2:] == ["Evaluating: 1104 of 1104 frames (100 %), 2:02:02 elapsed"]
    lines.finish()
    assert len(written) == 3


def test_progress_lines_of_a_resumed_run_estimate_from_what_it_computed(lines, clock, written):
    lines(900, 1000)
    clock.now = 60
    lines(950, 1000)
    lines.write_line()
    assert "0:01:00 left" in written[1]


def test_progress_lines_without_work_write_one_line(lines, written):
    lines.write_line()
    lines(5, 5)
    lines.finish()
    assert written == ["Evaluating: 5 of 5 frames (100 %), 0:00:00 elapsed"]


def test_progress_lines_begin_anew_for_each_phase(lines, clock, written):
    lines(0, 2, label="Training a")
    lines(2, 2, label="Training a")
    clock.now = 5
    lines(0, 3, label="Training b")
    assert written == [
        "Training a: 0 of 2 frames (0 %)",
        "Training a: 2 of 2 frames (100 %), 0:00:05 elapsed",
        "Training b: 0 of 3 frames (0 %)",
    ]


def test_progress_bar_without_terminal_writes_at_an_interval(monkeypatch, capsys):
    monkeypatch.setattr(progress, "INTERVAL_S", 0.01)
    with progress_bar("Evaluating", "frames") as advance:
        advance(0, 2)
        advance(1, 2, "smoke 3")
        time.sleep(0.2)
        advance(2, 2)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert lines[0] == "Evaluating: 0 of 2 frames (0 %)"
    assert any("1 of 2 frames (50 %)" in line and line.endswith("smoke 3") for line in lines[1:-1])
    assert lines[-1].startswith("Evaluating: 2 of 2 frames (100 %), ")
    assert "\x1b" not in err


def test_progress_bar_on_a_terminal_shows_the_condition(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    with progress_bar("Evaluating", "frames") as advance:
        advance(1, 4, "smoke 3")
        time.sleep(0.15)  # it draws ten times a second
        advance(0, 9, label="Writing")
    text = terminal.getvalue()
    assert "smoke 3" in text
    assert "1/4" in text
    assert "Writing" in text
    assert "0/9" in text
    assert "\x1b" in text


def test_progress_bar_keeps_its_numbers_at_80_columns(monkeypatch):
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    with progress_bar("Compiling kernels (once, about 48 s)", "s") as advance:
        advance(44, 48, "elastic_transform")
        time.sleep(0.15)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    assert "44/48 -:--:-- left elastic_transform" in text


def test_progress_bar_is_quiet_with_the_option():
    @click.command()
    @verbosity_options
    def work():
        with progress_bar("Evaluating", "frames") as advance:
            advance(1, 2)

    assert CliRunner().invoke(work, ["--quiet"]).stderr == ""
    assert "1 of 2" in CliRunner().invoke(work, []).stderr
