"""The figures of a report as SVG files for the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..content.metrics import heading, metric
from ..content.reliability import Reliability
from ..content.whole import Content
from ..plotting import groups_of, reliability_figure
from ..plotting.curve_blocks import CurveBlock, Drawing
from ..plotting.drawing import svg

_FONT = "Libertinus Serif"
_TASKS = {"segmentation": "Masks, pixel by pixel", "activity": "Activities, frame by frame"}


@dataclass(frozen=True)
class Folder:
    """Where the typesetter finds its pictures."""

    path: Path

    def write(self, name: str, text: str) -> str:
        """Write an SVG whose letters are those of the page, and return its name."""
        (self.path / name).write_text(text.replace("'DejaVu Sans'", f"'{_FONT}'"), "utf-8")
        return name


def figures(c: Content, folder: Folder) -> dict[str, Any]:
    """``curves`` (a block a metric), ``groups`` and ``calibration`` (a figure each): files, headings and words."""
    return {
        "curves": [_curves(block, folder, place) for place, block in enumerate(c.curves)],
        "groups": _groups(c, folder),
        "calibration": [_calibration(task, found, c, folder) for task, found in c.reliability if _answers(found)],
    }


def _curves(block: CurveBlock, folder: Folder, number: int) -> dict[str, Any]:
    def entry(drawing: Drawing, index: int) -> dict[str, str]:
        name = folder.write(f"curve{number}-{index}.svg", drawing.svg)
        return {"label": drawing.label, "file": name, "words": drawing.words}

    panels = [entry(panel, index) for index, panel in enumerate(block.panels, start=1)]
    return {
        "label": block.metric.label,
        "heading": heading(block.metric),
        "mean": entry(block.mean, 0),
        "panels": panels,
    }


def _groups(c: Content, folder: Folder) -> list[dict[str, str]]:
    if c.measured is None or len(c.measured.table.index) < 2:
        return []
    return [
        _entry(
            heading(metric(name)),
            groups_of(c.measured.table[name], name, c.models, (6.6, 0.0)),
            f"groups-{name}",
            folder,
            f"{heading(metric(name))} on clean frames and by group; the numbers are those of the table of scores.",
        )
        for name in reversed(c.headline)
    ]


def _calibration(
    task: str, found: Mapping[str, Mapping[str, Reliability]], c: Content, folder: Folder
) -> dict[str, str]:
    figure = reliability_figure(found, task, c.models, (6.6, 2.5))
    words = "; ".join(
        f"{model}, {name.lower()}: calibration error {line.error:.1f} %"
        for name, lines in found.items()
        for model, line in lines.items()
        if np.isfinite(line.error)
    )
    return _entry(_TASKS[task], figure, f"calibration-{task}", folder, words)


def _answers(found: Mapping[str, Mapping[str, Reliability]]) -> bool:
    return any(line.answers.sum() for lines in found.values() for line in lines.values())


def _entry(label: str, figure: Figure, name: str, folder: Folder, words: str) -> dict[str, str]:
    # A metric of the user's own may have any name: a file may not.
    safe = "".join(letter if letter.isalnum() else "-" for letter in name)
    return {"label": label, "file": folder.write(f"{safe}.svg", svg(figure, name)), "words": words}
