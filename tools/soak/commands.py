"""Starts the command line in a session of its own, waits for it, signals it, and looks for what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

MARK = "ROBUST_ENDO_SOAK"
"""Environment variable by which the processes that a command starts are recognised, also those that detach."""

PROGRAM = Path(sys.executable).with_name("robust-endo")
POLL_S = 0.002
TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Finished:
    """A command that has ended.

    Attributes:
        code: exit code; negative where a signal ended it.
        stdout, stderr: its texts.
        seconds: from its start.
        peak_mb: largest resident memory.
    """

    code: int
    stdout: str
    stderr: str
    seconds: float
    peak_mb: float


class Command:
    """``robust-endo ARGUMENTS`` as a running process.

    Args:
        arguments: of the command line.
        folder: working directory, created where it is missing.
    """

    def __init__(self, arguments: Sequence[str], folder: Path, extra_environment: dict[str, str] | None = None) -> None:
        self.mark, self.scratch = uuid.uuid4().hex, folder / "tmp"
        self.scratch.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, MARK: self.mark, "TMPDIR": str(self.scratch), "OMP_NUM_THREADS": "1"}
        self._texts = [folder / f".{self.mark}.{stream}" for stream in ("stdout", "stderr")]
        self.begun, self.started = time.time(), time.monotonic()
        with self._texts[0].open("wb") as stdout, self._texts[1].open("wb") as stderr:
            self.process = subprocess.Popen(
                [str(PROGRAM), *arguments], cwd=folder, stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL,
                start_new_session=True, env={**environment, **(extra_environment or {})},
            )  # fmt: skip
        self._peak_kb = 0

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self.process.returncode is None and not self._reap(os.WNOHANG)

    def _reap(self, options: int) -> bool:
        pid, status, usage = os.wait4(self.process.pid, options)
        if pid:
            self.process.returncode = os.waitstatus_to_exitcode(status)
            self._peak_kb = usage.ru_maxrss
        return bool(pid)

    def wait_until(self, condition: Callable[[], bool], timeout: float = TIMEOUT_S) -> bool:
        """Wait for a condition; False where the process ended or the time ran out before."""
        while self.running and time.monotonic() - self.started < timeout:
            if condition():
                return True
            time.sleep(POLL_S)
        return False

    def send(self, number: signal.Signals) -> bool:
        """Send a signal to the process only; False where it has ended."""
        if self.running:
            self.process.send_signal(number)
            return True
        return False

    def wait(self, timeout: float = TIMEOUT_S) -> Finished:
        """Wait until it ends; after the time-out it and what it started are killed."""
        deadline = time.monotonic() + timeout
        while self.running and time.monotonic() < deadline:
            time.sleep(0.01)
        if self.running:
            self.kill_session()
            self._reap(0)
        seconds = time.monotonic() - self.started
        texts = [path.read_text("utf-8", "replace") for path in self._texts]
        for path in self._texts:
            path.unlink()
        return Finished(int(self.process.returncode), texts[0], texts[1], seconds, self._peak_kb / 1024)

    def kill_session(self) -> None:
        """Kill the process and those that it started."""
        # Three times: a process that is just being started has no environment yet, and is not recognised.
        for pause in (0.0, 0.1, 0.3):
            time.sleep(pause)
            for pid in [self.process.pid, *self.survivors()]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue

    def survivors(self) -> list[int]:
        """Processes that it started and that still run."""
        return [pid for pid in marked_processes(self.mark) if pid != self.process.pid]

    def has_loaded(self, library: str) -> bool:
        """Whether a shared library is mapped, which shows how far the imports are."""
        try:
            return library in Path(f"/proc/{self.process.pid}/maps").read_text("utf-8", "replace")
        except OSError:
            return False


def marked_processes(mark: str) -> list[int]:
    """Processes with a value of ``MARK`` in their environment, zombies left out."""
    expected, pids = f"{MARK}={mark}".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if expected in (folder / "environ").read_bytes() and " Z " not in (folder / "stat").read_text():
                pids.append(int(folder.name))
        except OSError:
            continue
    return pids


def run(arguments: Sequence[str], folder: Path, timeout: float = TIMEOUT_S) -> Finished:
    """Run a command to its end."""
    return Command(arguments, folder).wait(timeout)


def expect_success(arguments: Sequence[str], folder: Path) -> Finished:
    """Run a command that has to succeed, as the basis of a test.

    Raises:
        RuntimeError: it did not.
    """
    finished = run(arguments, folder)
    if finished.code != 0:
        raise RuntimeError(f"robust-endo {' '.join(arguments)}: exit code {finished.code}: {finished.stderr[-800:]}")
    return finished
