"""Kills a command at random times of its phases, resumes it to the end and compares with an uninterrupted run."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from commands import Command, expect_success
from folders import content_of, difference, missing_files, stray_files
from outcome import SoakResult, Tally, in_words

JOBS = 2


@dataclass(frozen=True)
class Phase:
    """A part of a command that can be interrupted.

    Attributes:
        name: as printed.
        begun: whether a command that started at a time has reached it, from its output folder.
        share: largest delay of the interruption after that, as a share of the time from its begin to the end.
    """

    name: str
    begun: Callable[[Path, float], bool]
    share: float


@dataclass(frozen=True)
class Target:
    """A command and what it must leave behind.

    Attributes:
        arguments: of the command line; it writes to ``out``, relative to its working directory.
        phases: in their order.
        files: that must exist in the end.
        out: output folder.
    """

    arguments: Sequence[str]
    phases: Sequence[Phase]
    files: Sequence[str]
    out: str = "run"


@dataclass(frozen=True)
class Reference:
    """An uninterrupted run.

    Attributes:
        content: of its folder.
        remaining: phase -> seconds from its begin to the end of the command.
    """

    content: Mapping[str, str]
    remaining: Mapping[str, float]


def reference_run(target: Target, folder: Path) -> Reference:
    """Run a command without interruption twice: first to fill caches, then to measure its phases."""
    expect_success(target.arguments, folder / "first")
    command = Command(target.arguments, folder / "second")
    begun: dict[str, float] = {}
    for phase in target.phases:
        reached = command.wait_until(lambda phase=phase: phase.begun(folder / "second" / target.out, command.begun))  # type: ignore[misc]
        begun[phase.name] = time.monotonic() if reached else float("nan")
    finished = command.wait()
    if finished.code:
        raise RuntimeError(f"reference run: exit code {finished.code}: {finished.stderr[-500:]}")
    end = time.monotonic()
    remaining = {name: end - start if start == start else 0.0 for name, start in begun.items()}
    content = content_of(folder / "first" / target.out)
    if problem := difference(content, content_of(folder / "second" / target.out)):
        raise RuntimeError(f"two uninterrupted runs differ: {problem}")
    return Reference(content, remaining)


def interrupt(target: Target, phase: Phase, remaining: float, folder: Path, random_: random.Random) -> bool:
    """Start the command and kill it at a random time of a phase; whether it was still running."""
    command = Command(target.arguments, folder)
    command.wait_until(lambda: phase.begun(folder / target.out, command.begun))
    time.sleep(random_.uniform(0, phase.share * remaining))
    command.send(signal.SIGKILL)
    return command.wait().code == -signal.SIGKILL


def trial(target: Target, reference: Reference, kills: int, folder: Path, seed: int) -> tuple[Counter[str], str]:
    """Kill a command some times, in increasing order of phases, and resume it; the hits by phase and the problem."""
    random_, hits = random.Random(seed), Counter[str]()
    indices = sorted((seed * kills + number) % len(target.phases) for number in range(kills))
    for phase in (target.phases[index] for index in indices):
        hits[phase.name] += interrupt(target, phase, reference.remaining[phase.name], folder, random_)
    return hits, resume(target, reference, folder)


def resume(target: Target, reference: Reference, folder: Path) -> str:
    """Run the command to its end; the problem with what it leaves, empty where there is none."""
    finished, out = Command(target.arguments, folder).wait(), folder / target.out
    if finished.code != 0:
        return f"exit code {finished.code} after resuming: {finished.stderr.strip()[-300:]}"
    strays = stray_files(out)
    return (
        missing_files(out, target.files)
        or (f"stray files: {', '.join(strays[:5])}" if strays else "")
        or difference(reference.content, content_of(out))
    )


def kill_repeatedly(name: str, target: Target, folder: Path, kills: int) -> SoakResult:
    """Kill a command a number of times over several runs; each kill counts as one trial.

    Kills that come too late, after the end of the process, do not count; further runs replace them.
    """
    tally, reference = Tally(name), reference_run(target, folder)
    per_run, hits, number, seed = len(target.phases), Counter[str](), 0, 0
    while number < kills and seed < 2 * kills:
        batch = range(seed, seed + min(JOBS, -(-(kills - number) // per_run)))
        seed = batch.stop
        with ThreadPoolExecutor(JOBS) as pool:
            trials = [
                pool.submit(trial, target, reference, min(per_run, kills - number), folder / f"{each}", each)
                for each in batch
            ]
        for each, future in zip(batch, trials, strict=True):
            counts, problem = future.result()
            tally.add(f"run {each}: {problem}" if problem else "", counts.total())
            hits, number = hits + counts, number + counts.total()
    return tally.outcome(f"SIGKILL hit {in_words(dict(hits))}; {seed} runs resumed to identical files")
