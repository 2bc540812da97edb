"""The output of ``robust-endo evaluate --dry-run``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from robustbench_endo.cli.json_output import echo_json

if TYPE_CHECKING:
    from robustbench_endo.evaluation.dry_run import DryRun
    from robustbench_endo.evaluation.plan import EvaluationPlan


def show_dry_run(plan: EvaluationPlan, out: Path, as_json: bool) -> None:
    """Print what a run would do and an estimate of what it needs."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from robustbench_endo.evaluation.dry_run import dry_run

    planned = dry_run(plan, out)
    if as_json:
        echo_json({"dry_run": asdict(planned)})
        return
    table = Table(box=box.SIMPLE_HEAD, title="Dry run: nothing is written", title_justify="left", show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in dry_run_rows(planned):
        table.add_row(*row)
    Console().print(table, highlight=False)


def dry_run_rows(planned: DryRun) -> list[tuple[str, str]]:
    """Names and values of the table."""
    models = ", ".join(f"{name} ({_parameters(count)})" for name, count in planned.models.items())
    recorded = planned.conditions - 1 - len(planned.corruptions) * len(planned.severities)
    further = f" + {recorded} further" if recorded > 0 else ""
    product = f"{len(planned.corruptions)} corruptions x {len(planned.severities)} severities"
    rows = [
        ("Models", models),
        ("Frames", f"{planned.frames:,}"),
        ("Conditions", f"{planned.conditions:,} (clean + {product}{further})"),
        ("Model-frames to compute", f"{planned.model_frames:,}"),
        ("Run folder", planned.folder),
        ("Chunks", _chunks(planned)),
        ("Computation", f"{planned.device}, {planned.precision}, {planned.workers} workers"),
        ("Time, estimated", duration(planned.seconds)),
        ("Memory, estimated", _bytes(planned.memory_bytes)),
    ]
    if planned.device_bytes is not None:
        rows.append(("GPU memory, estimated", _bytes(planned.device_bytes)))
    return [*rows, ("Disk, estimated", _bytes(planned.disk_bytes)), ("Probe", f"{planned.probe_seconds:.1f} s")]


def _chunks(planned: DryRun) -> str:
    if not planned.finished_chunks:
        return f"{planned.chunks:,}, none finished"
    if planned.finished_chunks == planned.chunks:
        return f"{planned.chunks:,}, all finished: nothing to compute"
    return f"{planned.chunks:,}, of which {planned.finished_chunks:,} are finished: the run would be resumed"


def _parameters(count: int | None) -> str:
    return "unknown size" if count is None else f"{count / 1e6:.2f} million parameters"


def duration(seconds: float) -> str:
    """A time in two units.

    >>> duration(75), duration(7330), duration(200_000)
    ('1 min 15 s', '2 h 2 min', '2 d 8 h')
    """
    units = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
    rest = max(1, round(seconds))
    parts: list[str] = []
    for name, size in units:
        if rest >= size and len(parts) < 2:
            parts.append(f"{rest // size} {name}")
            rest %= size
    return " ".join(parts)


def _bytes(count: int | None) -> str:
    if count is None:
        return "unknown"
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.1f} MiB"
