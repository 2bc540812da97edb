"""Two processes that evaluate into one folder at once."""

from __future__ import annotations

import random
import time
from pathlib import Path

from commands import Command, Finished, expect_success
from folders import content_of, difference, missing_files, stray_files
from kills_evaluate import ARGUMENTS, TARGET
from outcome import SoakResult, Tally, count

PAIRS = 5
LARGEST_DELAY_S = 3.0


def run(folder: Path, scale: float) -> list[SoakResult]:
    """5 pairs, the second of each up to three seconds after the first."""
    expect_success(ARGUMENTS, folder / "reference")
    reference, tally, random_, refused = (
        content_of(folder / "reference" / "run"),
        Tally("two-processes"),
        random.Random(0),
        0,
    )
    for number in range(count(PAIRS, scale)):
        work = folder / str(number)
        first = Command(ARGUMENTS, work)
        time.sleep(random_.uniform(0, LARGEST_DELAY_S))
        second = Command(ARGUMENTS, work)
        pair = [first.wait(), second.wait()]
        refused += sum(finished.code == 2 for finished in pair)
        tally.add(codes_problem(pair) or folder_problem(work / "run", reference))
    return [tally.outcome(f"identical to one process; {refused} of {tally.total * 2} processes refused")]


def codes_problem(pair: list[Finished]) -> str:
    """Both succeed, or one does and the other says in one sentence why it does not."""
    failed = [finished for finished in pair if finished.code != 0]
    if not failed:
        return ""
    errors = [line for line in failed[0].stderr.splitlines() if line.startswith("Error: ")]
    if len(failed) == 1 and failed[0].code == 2 and len(errors) == 1 and "Traceback" not in failed[0].stderr:
        return ""
    return f"exit codes {[finished.code for finished in pair]}: {failed[0].stderr.strip()[-300:]}"


def folder_problem(out: Path, reference: dict[str, str]) -> str:
    """What differs from the folder of a single process."""
    strays = stray_files(out)
    return (
        missing_files(out, TARGET.files)
        or (f"stray files: {', '.join(strays[:5])}" if strays else "")
        or difference(reference, content_of(out))
    )
