"""Progress on standard error: a bar on a terminal, else a line at the beginning, every 30 seconds and at the end."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import click

from robustbench_endo.cli.verbosity import is_quiet

if TYPE_CHECKING:
    from rich.console import Console

INTERVAL_S = 30.0
"""Seconds between two lines without a terminal."""


class Advance(Protocol):
    """Reports progress.

    Args:
        done, total: steps.
        detail: what is computed at the moment, such as the condition ``smoke 3``.
        label: of the phase, where the steps are counted anew in each of several.
    """

    def __call__(self, done: int, total: int, detail: str = "", label: str = "") -> None: ...


class ProgressLines:
    """Progress as lines of text, for logs of jobs.

    Args:
        label: what is done.
        unit: of the steps.
        write: receives each line.
        clock: in seconds.

    >>> lines = ProgressLines("Evaluating", "frames", print, iter([0.0, 30.0]).__next__)
    >>> lines(0, 8)
    Evaluating: 0 of 8 frames (0 %)
    >>> lines(2, 8, "smoke 3")
    >>> lines.write_line()
    Evaluating: 2 of 8 frames (25 %), 0:00:30 elapsed, 0:01:30 left, smoke 3
    """

    def __init__(
        self, label: str, unit: str, write: Callable[[str], object], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.label, self._unit = label, unit
        self._write, self._clock = write, clock
        self._lock = threading.Lock()
        self._begin: tuple[float, int] | None = None
        self._state = (0, 0, "")
        self._written: tuple[int, int, str] | None = None

    def __call__(self, done: int, total: int, detail: str = "", label: str = "") -> None:
        """Report progress; the first call of a phase writes a line."""
        if label and label != self.label:
            self.finish()
            self.label, self._begin = label, None
        self._state = (done, total, detail)
        if self._begin is None:
            self._begin = self._clock(), done
            if done < total:
                self._write(f"{self.label}: {self._count()}")
                self._written = self._state

    def write_line(self) -> None:
        """Write the state with the elapsed and the remaining time; nothing before the first call."""
        with self._lock:
            if self._begin is None:
                return
            (done, total, detail), (start, first) = self._state, self._begin
            elapsed = self._clock() - start
            parts = [self._count(), f"{_duration(elapsed)} elapsed"]
            if first < done < total:
                parts.append(f"{_duration(elapsed * (total - done) / (done - first))} left")
            self._write(f"{self.label}: {', '.join([*parts, *([detail] if detail and done < total else [])])}")
            self._written = self._state

    def finish(self) -> None:
        """Write the last line of a phase, if it differs from the line before."""
        if self._begin is not None and self._written != self._state:
            self.write_line()

    def _count(self) -> str:
        done, total, _ = self._state
        share = f" ({100 * done // total} %)" if total else ""
        return f"{done} of {total} {self._unit}{share}"


@contextmanager
def progress_bar(label: str, unit: str) -> Iterator[Advance]:
    """Progress on standard error; nothing with --quiet.

    Args:
        label: what is done.
        unit: of the steps.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if is_quiet():
        yield _report_nothing
    elif sys.stderr.isatty() and console.is_interactive:
        with _bar(console, label, unit) as advance:
            yield advance
    else:
        lines = ProgressLines(label, unit, _line_writer())
        with _repeat(lines.write_line, INTERVAL_S):
            yield lines
        lines.finish()


@contextmanager
def _bar(console: Console, label: str, unit: str) -> Iterator[Advance]:
    from rich import progress
    from rich.table import Column

    wide = console.width >= 100
    elapsed = progress.TimeElapsedColumn(Column(no_wrap=True)), progress.TextColumn("elapsed,")
    # Only the bar gets narrower where the line does not fit.
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(bar_width=40 if wide else None),
        progress.MofNCompleteColumn(table_column=Column(no_wrap=True)),
        *((progress.TextColumn(unit), *elapsed) if wide else ()),
        progress.TimeRemainingColumn(table_column=Column(no_wrap=True)),
        progress.TextColumn("left"),
        progress.TextColumn("{task.fields[detail]}", markup=False),
    )
    with progress.Progress(*columns, console=console) as bar:
        task = bar.add_task(label, total=None, detail="")
        current = label

        def advance(done: int, total: int, detail: str = "", label: str = "") -> None:
            nonlocal current
            if label and label != current:
                current = label
                bar.reset(task, total=total, completed=done, description=label, detail=detail)
            bar.update(task, completed=done, total=total, detail="" if done == total else detail)

        yield advance


@contextmanager
def _repeat(function: Callable[[], None], interval: float) -> Iterator[None]:
    """Call a function at an interval from another thread, because a single step can take minutes."""
    stopped = threading.Event()

    def repeat() -> None:
        while not stopped.wait(interval):
            function()

    thread = threading.Thread(target=repeat, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _line_writer() -> Callable[[str], None]:
    """Writes to the standard error of the command, also from another thread."""
    stream = sys.stderr

    def write(line: str) -> None:
        click.echo(line, file=stream)

    return write


def _report_nothing(done: int, total: int, detail: str = "", label: str = "") -> None:
    """Report nothing."""


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
