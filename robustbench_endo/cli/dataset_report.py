"""What a look over a data set found, as people read it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from robustbench_endo.data.checking import Findings, Problem

ROWS = 20
"""Subjects of a split, and classes, that are printed; --format json has all."""


def print_findings(findings: Findings, console: Console) -> None:
    """Print splits, subjects, classes, activities, then remarks and problems."""
    tables = [_splits(findings), _groups(findings)]
    if any(split.masks for split in findings.splits.values()):
        tables.append(_classes(findings))
    if any(split.activities for split in findings.splits.values()):
        tables.append(_activities(findings))
    for table in tables:
        console.print(Padding(table, (0, 0, 1, 0), expand=False))
    _listed(console, "Remark", findings.remarks, "yellow")
    _listed(console, "Problem", findings.problems, "bold red")
    number = len(findings.problems)
    console.print(
        f"{number or 'No'} problem{'' if number == 1 else 's'} found.", style="bold" if number else "bold green"
    )


def _splits(findings: Findings) -> Table:
    table = _table("Frames", "Split", "frames", "readable", "with mask", "with activity", "subjects", "size in px")
    for name, split in findings.splits.items():
        sizes = list(split.sizes)
        size = sizes[0] if len(sizes) == 1 else f"{len(sizes)} sizes, most {sizes[0]}" if sizes else "–"
        counts = (split.frames, split.read, split.masks, split.activities, len(split.subjects))
        table.add_row(Text(name), *map(str, counts), size)
    return table


def _groups(findings: Findings) -> Table:
    table = _table("Subjects (patients or sequences)", "Split", "subject_id", "frames", "with mask", "with activity")
    table.columns[1].justify = "left"
    for name, split in findings.splits.items():
        shown = list(split.subjects.items())[:ROWS]
        for subject, found in shown:
            table.add_row(Text(name), Text(subject), str(found.frames), str(found.masks), str(found.activities))
        if len(split.subjects) > ROWS:
            rest = list(split.subjects.values())[ROWS:]
            more = (sum(getattr(found, kind) for found in rest) for kind in ("frames", "masks", "activities"))
            table.add_row(Text(name), f"… {len(rest)} more", *map(str, more), style="dim")
        table.add_section()
    return table


def _classes(findings: Findings) -> Table:
    masked = {name: split for name, split in findings.splits.items() if split.masks}
    heads = (f"{name}: {what}" for name in masked for what in ("pixels", "frames"))
    table = _table("Classes (of pixels, of frames with a mask)", "Label", "class", *heads)
    table.columns[1].justify = "left"
    pixels = {
        label: max(split.classes[label].pixels for split in masked.values() if label in split.classes)
        for label in sorted({label for split in masked.values() for label in split.classes})
    }
    common = sorted(pixels, key=lambda label: -pixels[label])[:ROWS]
    for label in sorted(common):
        name = findings.classes[label] if label < len(findings.classes) else "? beyond the classes"
        shares = (split.classes.get(label) for split in masked.values())
        cells = (cell for share in shares for cell in ((share.pixels, share.frames) if share else (0.0, 0.0)))
        table.add_row(str(label), Text(name), *map(_percent, cells))
    if len(pixels) > ROWS:
        table.add_row("…", f"{len(pixels) - ROWS} rarer or absent ones", style="dim")
    if any(split.ignored for split in masked.values()):
        cells_ignored = (cell for split in masked.values() for cell in (_percent(split.ignored), ""))
        table.add_row("255", "ignored (of all pixels)", *cells_ignored, style="dim")
    return table


def _activities(findings: Findings) -> Table:
    known = {name: split for name, split in findings.splits.items() if split.activities}
    table = _table("Activities (frames)", "Activity", *known)
    for activity in findings.activities:
        counts = [(split.activity_frames.get(activity, 0), split.activities) for split in known.values()]
        table.add_row(Text(activity), *(f"{count} ({_percent(count / of)})" for count, of in counts))
    return table


def _listed(console: Console, word: str, found: Sequence[Problem], style: str) -> None:
    for item in found:
        console.print(Text.assemble((f"{word}: ", style), item.text), soft_wrap=True)
        # A single frame stands in the sentence already.
        for frame in item.frames[:3] if len(item.frames) > 1 else ():
            console.print(Padding(Text(frame, style="dim"), (0, 0, 0, 2)))
        if len(item.frames) > 3:
            console.print(Padding(Text(f"… {len(item.frames) - 3} more; --format json lists all", style="dim"), (0, 2)))


def _percent(share: float) -> str:
    """Two digits that tell something: a rare class is not 0."""
    value = 100 * share
    return "0 %" if value == 0 else f"{value:.1f} %" if value >= 1 else f"{value:.2g} %"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=Text(title, style="bold"), title_justify="left", show_edge=False, pad_edge=False)
    for place, name in enumerate(columns):
        table.add_column(Text(name), justify="right" if place else "left")
    return table
