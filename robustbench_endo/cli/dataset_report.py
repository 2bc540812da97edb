"""The validation of a data set in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from robustbench_endo.data.checking import Findings, Problem
from robustbench_endo.data.mask_coding import is_unnamed

MAX_ROWS = 20
"""Printed subjects of a split, and classes; --json has all."""


def print_report(report: Findings, console: Console) -> None:
    """Print splits, subjects, classes, activities, then warnings and errors."""
    tables = [_splits(report), _subjects(report)]
    if any(split.masks for split in report.splits.values()):
        tables.append(_classes(report))
    if any(split.activities for split in report.splits.values()):
        tables.append(_activities(report))
    for table in tables:
        console.print(Padding(table, (0, 0, 1, 0), expand=False))
    for name, split in report.splits.items():
        if split.surround:
            console.print(Text(f"{name}: {split.surround} of {split.read} frames have a black surround."))
    _print_problems(console, "Warning", report.remarks, "yellow")
    _print_problems(console, "Error", report.problems, "bold red")
    number = len(report.problems)
    console.print(f"{number or 'No'} error{'' if number == 1 else 's'}.", style="bold" if number else "bold green")


def _splits(report: Findings) -> Table:
    table = _table("Frames", "Split", "frames", "readable", "with mask", "with activity", "subjects", "size in px")
    for name, split in report.splits.items():
        sizes = list(split.sizes)
        size = sizes[0] if len(sizes) == 1 else f"{len(sizes)} sizes, most {sizes[0]}" if sizes else "–"
        counts = (split.frames, split.read, split.masks, split.activities, len(split.subjects))
        table.add_row(Text(name), *map(str, counts), size)
    return table


def _subjects(report: Findings) -> Table:
    table = _table("Subjects (patients or sequences)", "Split", "subject", "frames", "with mask", "with activity")
    table.columns[1].justify = "left"
    for name, split in report.splits.items():
        rows, rest = list(split.subjects.items())[:MAX_ROWS], list(split.subjects.values())[MAX_ROWS:]
        for subject, counts in rows:
            table.add_row(Text(name), Text(subject), str(counts.frames), str(counts.masks), str(counts.activities))
        if rest:
            more = (sum(getattr(counts, kind) for counts in rest) for kind in ("frames", "masks", "activities"))
            table.add_row(Text(name), f"… {len(rest)} more", *map(str, more), style="dim")
        table.add_section()
    return table


def _classes(report: Findings) -> Table:
    masked = {name: split for name, split in report.splits.items() if split.masks}
    heads = (f"{name}: {unit}" for name in masked for unit in ("pixels", "frames"))
    table = _table("Classes (of pixels, of frames with a mask)", "Label", "class", *heads)
    table.columns[1].justify = "left"
    pixels = {
        label: max(split.classes[label].pixels for split in masked.values() if label in split.classes)
        for label in sorted({label for split in masked.values() for label in split.classes})
    }
    unused = {label for label, share in pixels.items() if not share and _is_counted(report, label)}
    pixels = {label: share for label, share in pixels.items() if label not in unused}
    frequent = sorted(pixels, key=lambda label: -pixels[label])[:MAX_ROWS]
    for label in sorted(frequent):
        name = report.classes[label] if label < len(report.classes) else "? beyond the classes"
        fractions = (split.classes.get(label) for split in masked.values())
        cells = (cell for each in fractions for cell in ((each.pixels, each.frames) if each else (0.0, 0.0)))
        table.add_row(str(label), Text(name), *map(_percent, cells))
    if len(pixels) > MAX_ROWS:
        table.add_row("…", f"{len(pixels) - MAX_ROWS} less frequent or absent", style="dim")
    if any(split.ignored for split in masked.values()):
        ignored = (cell for split in masked.values() for cell in (_percent(split.ignored), ""))
        table.add_row("255", "ignored (of all pixels)", *ignored, style="dim")
    return table


def _is_counted(report: Findings, label: int) -> bool:
    """Whether a class only exists because the masks have a larger value."""
    return label >= len(report.classes) or is_unnamed(report.classes[label])


def _activities(report: Findings) -> Table:
    labelled = {name: split for name, split in report.splits.items() if split.activities}
    table = _table("Activities (frames)", "Activity", *labelled)
    for activity in report.activities:
        counts = [(split.activity_frames.get(activity, 0), split.activities) for split in labelled.values()]
        table.add_row(Text(activity), *(f"{count} ({_percent(count / total)})" for count, total in counts))
    return table


def _print_problems(console: Console, kind: str, problems: Sequence[Problem], style: str) -> None:
    for problem in problems:
        console.print(Text.assemble((f"{kind}: ", style), problem.text), soft_wrap=True)
        # A single frame is named in the sentence.
        for frame in problem.frames[:3] if len(problem.frames) > 1 else ():
            console.print(Padding(Text(frame, style="dim"), (0, 0, 0, 2)))
        if len(problem.frames) > 3:
            more = f"… {len(problem.frames) - 3} more; --json lists all"
            console.print(Padding(Text(more, style="dim"), (0, 2)))


def _percent(fraction: float) -> str:
    """Two significant digits below 1 %, so that a rare class is not printed as 0."""
    value = 100 * fraction
    return "0 %" if value == 0 else f"{value:.1f} %" if value >= 1 else f"{value:.2g} %"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=Text(title, style="bold"), title_justify="left", show_edge=False, pad_edge=False)
    for index, name in enumerate(columns):
        table.add_column(Text(name), justify="right" if index else "left")
    return table
