"""Runs many command lines in long-lived processes, each watched for time, memory and crashes.

A process imports the package once and runs one command after another through the handler of the command line, as a
process of its own would. One that hangs, crashes or needs too much memory is replaced.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import resource
import shutil
import sys
import time
import traceback
import warnings
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from folders import difference, listing

CPU_LIMIT_S = 10.0
WALL_LIMIT_S = 120.0
MEMORY_LIMIT_MB = 2048
PRELOADED = (
    *("robustbench_endo.cli", "robustbench_endo.training.trainer", "robustbench_endo.evaluation.run"),
    *("torch", "lightning.fabric", "pandas", "pyarrow.parquet"),
)
LARGEST_FILE = 1 << 30
JOBS = 2
RENEW_AFTER = 150
"""Commands after which a process is replaced, so that caches of many commands do not count as memory of one."""

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Reply:
    """What a command did.

    Attributes:
        code: exit code; None where it did not end by itself.
        stdout, stderr: its texts.
        error: traceback of an exception that reached the top, or what ended the process.
        cpu_s: processor time.
        peak_mb: largest resident memory of the process.
    """

    code: int | None
    stdout: str
    stderr: str
    error: str
    cpu_s: float
    peak_mb: float


UNBUILT = Reply(None, "", "", "", 0.0, 0.0)


@dataclass(frozen=True)
class Done:
    """A command that has run.

    Attributes:
        arguments: of the command line.
        folder: its working directory; ``out`` in it is the only one that it may write to.
        before: the files of the folder and its parent before it ran, see :func:`folders.listing`.
        reply: what it did.
    """

    arguments: Sequence[str]
    folder: Path
    before: Mapping[str, str]
    reply: Reply


class Case(Protocol):
    """A command in a folder of its own."""

    @property
    def name(self) -> str:
        """Unique in its test."""

    def build(self, folder: Path) -> Sequence[str]:
        """Write the files that the command reads and return its arguments."""

    def check(self, done: Done) -> str:
        """What is wrong with what it did; empty where nothing is."""


@dataclass(frozen=True)
class Verdict:
    """A case after its check.

    Attributes:
        name: of the case.
        problem: what was wrong; empty where nothing was.
        reply: what the command did.
    """

    name: str
    problem: str
    reply: Reply


def serve(connection: Connection) -> None:
    """The loop of a process: receive (arguments, folder), run, send what happened."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    with Path(os.devnull).open("w") as null:  # native libraries write past Python
        os.dup2(null.fileno(), 1)
        os.dup2(null.fileno(), 2)
    while True:
        arguments, folder = connection.recv()
        if arguments is None:
            return
        connection.send(invoke(arguments, folder))


def invoke(arguments: Sequence[str], folder: str) -> dict[str, Any]:
    """Run a command line as its entry point does and catch what it raises."""
    from click.testing import CliRunner

    cli = command_line()
    os.chdir(folder)
    sys.dont_write_bytecode = True  # of the model's file, which is a file outside of the output folder
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # resets the peak of the memory
    started = time.process_time()
    with warnings.catch_warnings():
        result = CliRunner().invoke(cli, list(arguments))
    raised = result.exception is not None and not isinstance(result.exception, SystemExit)
    error = "".join(traceback.format_exception(*result.exc_info)) if raised and result.exc_info else ""
    spent, peak = time.process_time() - started, peak_memory(os.getpid())
    texts = {"stdout": result.stdout[-20_000:], "stderr": result.stderr[-20_000:]}
    return {"code": result.exit_code, **texts, "error": error[-4000:], "cpu_s": spent, "peak_mb": peak}


def command_line() -> Any:
    """The group of all commands."""
    from importlib import import_module

    return import_module("robustbench_endo.cli").main


def peak_memory(pid: int) -> float:
    """Largest resident memory of a process in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def cpu_time(pid: int) -> float:
    """Processor time of a process in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Worker:
    """A process that runs commands, replaced when it has to be ended."""

    def __init__(self) -> None:
        self.context = multiprocessing.get_context("forkserver")
        # What commands import, seconds of processor time each, is no hang of the command.
        self.context.set_forkserver_preload([*PRELOADED, "inprocess"])
        self._start()

    def _start(self) -> None:
        self.connection, remote = self.context.Pipe()
        self.process = self.context.Process(target=serve, args=(remote,), daemon=True)
        self.process.start()
        remote.close()
        self.n_commands = 0

    def _restart(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()
        self._start()

    def run(self, arguments: Sequence[str], folder: Path) -> Reply:
        """Run one command."""
        if self.n_commands >= RENEW_AFTER:
            self._restart()
        self.n_commands += 1
        pid = int(self.process.pid or 0)
        cpu, started = cpu_time(pid), time.monotonic()
        self.connection.send((list(arguments), str(folder)))
        while not self.connection.poll(0.05):
            if reason := self._exceeded(pid, cpu, started):
                self._restart()
                return Reply(None, "", "", reason, CPU_LIMIT_S, 0.0)
        try:
            return Reply(**self.connection.recv())
        except EOFError:
            self.process.join()
            reason = f"the process ended with exit code {self.process.exitcode}"
            self._restart()
            return Reply(None, "", "", reason, 0.0, 0.0)

    def _exceeded(self, pid: int, cpu: float, started: float) -> str:
        """The limit that a running command exceeds."""
        if self.n_commands == 1 and time.monotonic() - started < CPU_LIMIT_S * 3:
            return ""  # the first command of a process also loads libraries
        try:
            if cpu_time(pid) - cpu > CPU_LIMIT_S or time.monotonic() - started > WALL_LIMIT_S:
                return f"hang: over {CPU_LIMIT_S:.0f} s"
            if peak_memory(pid) > MEMORY_LIMIT_MB:
                return f"memory over {MEMORY_LIMIT_MB} MB"
        except OSError:
            pass  # it has just ended
        return ""

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()


def run_cases(cases: Iterable[Case], folder: Path, jobs: int = JOBS) -> list[Verdict]:
    """Run and check cases in ``jobs`` processes; each case has a folder that is deleted afterwards."""
    ordered = list(cases)
    with ThreadPoolExecutor(jobs) as pool:
        shares = [pool.submit(_run_share, ordered[number::jobs], folder) for number in range(jobs)]
        return [verdict for share in shares for verdict in share.result()]


def _run_share(cases: Sequence[Case], folder: Path) -> list[Verdict]:
    worker = Worker()
    try:
        return [_run_case(case, worker, folder / case.name) for case in cases]
    finally:
        worker.close()


def _run_case(case: Case, worker: Worker, sandbox: Path) -> Verdict:
    work = sandbox / "work"
    work.mkdir(parents=True)
    try:
        arguments = case.build(work)
    except Exception as error:  # noqa: BLE001 - the other cases still run
        return Verdict(case.name, f"{case.name}: cannot be built: {type(error).__name__}: {error}", UNBUILT)
    before = listing(sandbox)
    reply = worker.run(arguments, work)
    done = Done(arguments, work, before, reply)
    problem = general_problem(done) or _check(case, done)
    shutil.rmtree(sandbox, ignore_errors=True)
    return Verdict(case.name, f"{case.name}: {problem} [{' '.join(arguments)[:200]}]" if problem else "", reply)


def _check(case: Case, done: Done) -> str:
    """The check of a case; what it cannot read is a problem, too."""
    try:
        return case.check(done)
    except Exception as error:  # noqa: BLE001 - of any library that reads what was written
        return f"the output cannot be read: {type(error).__name__}: {error}"


def general_problem(done: Done) -> str:
    """What no command may do: raise, hang, crash, need much memory, change its input, write elsewhere."""
    reply = done.reply
    if reply.error:
        return reply.error.strip().splitlines()[-1][:300] + _location(reply.error)
    texts = reply.stdout + reply.stderr
    if unexpected := next((word for word in ("Traceback", "Unexpected error") if word in texts), ""):
        return f"{unexpected}: {texts[texts.index(unexpected) :][:300]!r}"
    if reply.peak_mb > MEMORY_LIMIT_MB:
        return f"memory of {reply.peak_mb:.0f} MB"
    return _error_text(reply) or _changed_outside(done)


def _error_text(reply: Reply) -> str:
    """Exit code 2 comes with one sentence, any other without."""
    errors = [line for line in reply.stderr.splitlines() if line.startswith("Error: ")]
    if reply.code == 2 and len(errors) != 1:
        return f"exit code 2 with {len(errors)} errors: {reply.stderr[-300:]!r}"
    if reply.code == 2 and reply.stderr.split(errors[0])[1].count("\n") > 1:
        return f"an error of several lines: {reply.stderr[-300:]!r}"
    return "" if reply.code in (0, 1, 2, 3) else f"exit code {reply.code}: {reply.stderr[-300:]!r}"


def _changed_outside(done: Done) -> str:
    """Files that were written, changed or deleted outside the output folder."""
    after = {name: value for name, value in listing(done.folder.parent).items() if not name.startswith("work/out")}
    before = {name: value for name, value in done.before.items() if not name.startswith("work/out")}
    problem = difference(before, after)
    return f"outside the output folder {problem}" if problem else ""


def _location(error: str) -> str:
    """File and line of the deepest frame of the package in a traceback."""
    frames = re.findall(r'File "[^"]*?((?:robustbench_endo|corruptions|reports)/[^"]*)", line (\d+)', error)
    return f" ({frames[-1][0]}:{frames[-1][1]})" if frames else ""
