"""``--profile``: where the time of an evaluation went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from robustbench_endo.evaluation.clock import Clock


def profiling_clock(device: str) -> Clock:
    """A clock that waits for the GPU at the end of every phase, so that each is charged with its own work."""
    import torch

    from robustbench_endo.evaluation import choose_device
    from robustbench_endo.evaluation.clock import Clock

    return Clock(torch.cuda.synchronize) if choose_device(device).type == "cuda" else Clock()


def print_profile(clock: Clock, console: Console) -> None:
    """A row a phase, the idle time, and how much longer all took than the forward passes alone."""
    from robustbench_endo.evaluation.clock import PHASES

    spent, total = clock.phases(), clock.seconds()["total"]
    whole = total * clock.lanes
    rows = {phase: spent.get(phase, 0.0) for phase in PHASES}
    rows["idle"] = max(0.0, whole - sum(rows.values()))
    table = Table(
        box=box.SIMPLE_HEAD, title=f"Where {total:.1f} s x {clock.lanes} at a time went", title_justify="left"
    )
    table.add_column("Phase")
    table.add_column("Seconds", justify="right")
    table.add_column("Share", justify="right")
    for phase, seconds in rows.items():
        table.add_row(phase, f"{seconds:.1f}", f"{seconds / whole:.0%}")
    console.print(table)
    if rows["forward"]:
        said = f"{whole / rows['forward']:.2f} times the forward passes alone"
        console.print(f"{said}; idle includes loading, merging and the start of compiled code.", highlight=False)
