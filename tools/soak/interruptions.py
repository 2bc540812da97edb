"""SIGINT and SIGTERM in all phases of all commands: exit code, time, one sentence, nothing left behind."""

from __future__ import annotations

import random
import re
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import kills_evaluate
import kills_train
from commands import Command, Finished
from folders import stray_files
from outcome import SoakResult, Tally, count
from small_files import base_files, copy_base

LIMIT_S = 5.0
ORPHAN_LIMIT_S = 5.0
PROGRESS = r"[━╸]|\d+/[\d?]+ .*\d:\d\d:\d\d|^(Note|Frames): |^(Cutting out|Reading|Writing) .* \.\.\.$"
"""Lines about work in progress and data, before the message."""

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
ATTEMPTS = 4


@dataclass(frozen=True)
class Interruption:
    """A command and the moment of the signal.

    Attributes:
        phase: as printed.
        arguments: of the command line.
        ready: whether the moment has come, from the command and its working directory.
        delay: largest random delay after that, in seconds.
    """

    phase: str
    arguments: Sequence[str]
    ready: Callable[[Command, Path], bool]
    delay: float


def loaded(library: str) -> Callable[[Command, Path], bool]:
    """Once a shared library is mapped."""
    return lambda command, folder: command.has_loaded(library)


def reached(begun: Callable[[Path, float], bool]) -> Callable[[Command, Path], bool]:
    """Once the output folder ``run`` shows that a phase has begun."""
    return lambda command, folder: begun(folder / "run", command.begun)


TORCH, ARROW = loaded("libtorch_cpu"), loaded("libarrow")
EVALUATE, TRAIN = kills_evaluate.ARGUMENTS, kills_train.ARGUMENTS
SYNTHESIZE = (
    "synthesize",
    "--instruments",
    "synthetic@frames=4",
    "--background",
    "tissue.png",
    "--count",
    "500",
    "--out",
    "out",
)
CORRUPT = ("corrupt", "frames", "out", "--corruption", "all")
RAY = (*EVALUATE, "--engine", "ray")

INTERRUPTIONS = (
    Interruption("evaluate loading", EVALUATE, TORCH, 1.0),
    Interruption("evaluate loop", EVALUATE, reached(kills_evaluate.in_loop), 0.5),
    Interruption("evaluate end", EVALUATE, reached(kills_evaluate.after_merge), 0.1),
    Interruption("evaluate report", EVALUATE, reached(kills_evaluate.in_reports), 0.2),
    Interruption("train loading", TRAIN, TORCH, 1.0),
    Interruption("train epochs", TRAIN, reached(kills_train.in_epochs), 0.5),
    Interruption("report", ("report", "finished", "--format", "html,pdf", "--out", "out"), ARROW, 0.5),
    Interruption("compare", ("compare", "finished", "--out", "out"), ARROW, 0.3),
    Interruption("leaderboard", ("leaderboard", ".", "--allow-unverified", "--out", "out"), ARROW, 0.3),
    Interruption("synthesize", SYNTHESIZE, lambda command, folder: any((folder / "out").rglob("*.png")), 0.3),
    Interruption("corrupt", CORRUPT, lambda command, folder: any((folder / "out").rglob("*.png")), 0.2),
)
RAY_INTERRUPTION = Interruption("ray", RAY, reached(kills_evaluate.in_loop), 0.5)
N_SIGNALS = 20


def selection(number: int) -> list[tuple[Interruption, signal.Signals]]:
    """Interruptions in turn, first of ray where it is installed, with SIGINT and SIGTERM in turn."""
    interruptions = [*([RAY_INTERRUPTION] if find_spec("ray") else []), *INTERRUPTIONS]
    numbers = (signal.SIGTERM, signal.SIGINT)
    return [(interruptions[n % len(interruptions)], numbers[(n + n // len(interruptions)) % 2]) for n in range(number)]


def run(folder: Path, scale: float) -> list[SoakResult]:
    """20 signals."""
    base = base_files()
    tally, slowest, random_ = Tally("signals"), (0.0, ""), random.Random(0)
    selected = selection(count(N_SIGNALS, scale))
    for index, (interruption, number) in enumerate(selected):
        seconds, problem = attempt(interruption, number, base, folder / str(index), random_)
        name = f"{interruption.phase} {number.name}"
        tally.add(f"{name}: {problem}" if problem else "")
        slowest = max(slowest, (seconds, name))
    phases = ", ".join(dict.fromkeys(interruption.phase for interruption, _ in selected))
    return [tally.outcome(f"{phases}; slowest {slowest[0]:.1f} s ({slowest[1]})")]


def attempt(
    interruption: Interruption, number: signal.Signals, base: Path, folder: Path, random_: random.Random
) -> tuple[float, str]:
    """Send one signal; again, with less delay, where the command ended before. Seconds to the end, and the problem."""
    for repetition in range(ATTEMPTS):
        work = folder / str(repetition)
        copy_base(base, work, "frames", "tissue.png")
        (work / "finished").mkdir()
        copy_base(base / "run", work / "finished", *(path.name for path in (base / "run").iterdir()))
        command = Command(interruption.arguments, work)
        command.wait_until(lambda: interruption.ready(command, work))  # noqa: B023
        time.sleep(random_.uniform(0, interruption.delay / 2**repetition))
        sent = time.monotonic()
        if command.send(number):
            finished = command.wait(60)
            return time.monotonic() - sent, problem_of(finished, number, time.monotonic() - sent, command, work)
        command.wait()
    return 0.0, f"ended before the signal in {ATTEMPTS} attempts"


def problem_of(finished: Finished, number: signal.Signals, seconds: float, command: Command, work: Path) -> str:
    """What is wrong with how a command ended."""
    lines = [line.strip() for line in re.split(r"[\r\n]+", finished.stderr) if line.strip()]
    message = [line for line in lines if not re.search(PROGRESS, line)]
    if finished.code != CODES[number]:
        return f"exit code {finished.code} instead of {CODES[number]}: {' / '.join(message)[-600:]}"
    if seconds > LIMIT_S:
        return f"ended after {seconds:.1f} s"
    if "Traceback" in finished.stderr or len(message) != 1 or not message[0].startswith("Interrupted"):
        return f"{len(message)} lines instead of one: {' / '.join(message)[-300:]}"
    deadline = time.monotonic() + ORPHAN_LIMIT_S
    while (orphans := command.survivors()) and time.monotonic() < deadline:
        time.sleep(0.1)
    strays = [name for name in stray_files(work) if not name.startswith("tmp/")] + remaining_scratch(command.scratch)
    command.kill_session()
    if orphans:
        return f"{len(orphans)} processes still run {ORPHAN_LIMIT_S:.0f} s later"
    return f"stray files: {', '.join(strays[:4])}" if strays else ""


def remaining_scratch(folder: Path) -> list[str]:
    """Files in the folder for temporary files, without the logs that Ray retains after every session."""
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if path.parts[0] != "ray"]
