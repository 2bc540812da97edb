"""Traps in model files, run folders and names: none has an effect."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from inprocess import Verdict, Worker, run_cases
from outcome import SoakResult, Tally, count
from small_files import base_files
from trap_cases import TrapCase
from trap_folders import folder_traps
from trap_models import model_traps
from trap_names import combined_traps, field_traps, site_traps


def run(folder: Path, scale: float) -> list[SoakResult]:
    """One test for each kind of trap."""
    base = base_files()
    outcomes = [
        run_traps("traps: model files", spread(model_traps(base), scale), folder / "models")[0],
        run_traps("traps: run folders", spread(folder_traps(base), scale), folder / "folders")[0],
    ]
    fields, verdicts = run_traps("traps: markup in one field", spread(field_traps(base), scale), folder / "fields")
    accepted = {verdict.name for verdict in verdicts if verdict.reply.code == 0}
    combined = combined_traps(base, accepted)
    together, _ = run_traps("traps: markup in all fields, all formats", combined, folder / "combined")
    runs = store_runs(combined, folder / "runs")
    sites, _ = run_traps("traps: markup in leaderboard, compare, report", site_traps(runs), folder / "sites")
    return [*outcomes, fields, together, sites]


def spread(traps: Sequence[TrapCase], scale: float) -> list[TrapCase]:
    """A share of the traps, from all parts of the list."""
    number = count(len(traps), min(1.0, scale))
    return [traps[index * len(traps) // number] for index in range(number)]


def run_traps(name: str, traps: Sequence[TrapCase], folder: Path) -> tuple[SoakResult, list[Verdict]]:
    """Run traps and count those without effect."""
    tally = Tally(name)
    verdicts = run_cases(traps, folder)
    for verdict in verdicts:
        tally.add(verdict.problem)
    kinds = ", ".join(dict.fromkeys(trap.kind for trap in traps))
    refused = sum(verdict.reply.code == 2 for verdict in verdicts)
    return tally.outcome(f"{kinds}; {refused} refused, {len(verdicts) - refused} without effect"), verdicts


def store_runs(traps: Sequence[TrapCase], folder: Path) -> Path:
    """The run folders that some traps write, for commands that read them."""
    worker = Worker()
    folder.mkdir()
    for trap in traps:
        work = folder.parent / "making" / trap.label
        work.mkdir(parents=True)
        reply = worker.run([*trap.build(work), "--format", "none"], work)
        if reply.code == 0:
            shutil.copytree(work / "out", folder / trap.label)
    worker.close()
    return folder
