"""2,000 damaged files and odd options: each a named error, a counted frame or a correct result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from fuzz_cases import file_cases
from fuzz_controls import control_cases
from fuzz_options import option_cases
from inprocess import Verdict, run_cases
from outcome import SoakResult, Tally
from small_files import base_files

MEANINGS = {0: "accepted", 1: "failed a check", 2: "named errors", 3: "with counted frames"}


def run(folder: Path, scale: float) -> list[SoakResult]:
    """All kinds of inputs, in two processes."""
    tally, base = Tally("fuzz: damaged files and odd options"), base_files()
    controls = Tally("fuzz: undamaged inputs")
    for verdict in run_cases(control_cases(base), folder / "controls"):
        controls.add(verdict.problem)
    verdicts = run_cases([*file_cases(base, scale), *option_cases(base, scale)], folder / "cases")
    for verdict in verdicts:
        tally.add(verdict.problem)
    return [controls.outcome("all succeed"), tally.outcome(describe(verdicts))]


def describe(verdicts: Sequence[Verdict]) -> str:
    """How the inputs ended, and the largest time and memory."""
    codes = Counter(
        MEANINGS.get(verdict.reply.code or 0, "other") for verdict in verdicts if verdict.reply.code is not None
    )
    slowest = max(verdicts, key=lambda verdict: verdict.reply.cpu_s)
    largest = max(verdicts, key=lambda verdict: verdict.reply.peak_mb)
    kinds = len({verdict.name.rpartition("-")[0] for verdict in verdicts})
    return (
        f"{kinds} kinds; {', '.join(f'{number} {name}' for name, number in codes.most_common())}; slowest "
        f"{slowest.reply.cpu_s:.1f} s ({slowest.name}), largest {largest.reply.peak_mb:.0f} MB ({largest.name})"
    )
