"""The figures of a report as SVG files for the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from robustbench_endo.reports.data.calibration import Reliability
from robustbench_endo.reports.data.gallery import (
    Bytes,
    GalleryGrid,
    GalleryImage,
    WorstFrame,
    class_colour,
    jpeg,
    overlaid,
)
from robustbench_endo.reports.data.metrics import heading, metric
from robustbench_endo.reports.data.report_data import ReportData
from robustbench_endo.reports.formatting import title
from robustbench_endo.reports.plotting import groups_of, reliability_figure
from robustbench_endo.reports.plotting.severity_curves import CurveBlock, Drawing
from robustbench_endo.reports.plotting.style import svg

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


def figures(c: ReportData, folder: Folder) -> dict[str, Any]:
    """``curves`` (a block a metric), ``categories`` and ``calibration`` (a figure each): files, headings and words."""
    return {
        "curves": [_curves(block, folder, place) for place, block in enumerate(c.curves)],
        "categories": _groups(c, folder),
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


def _groups(c: ReportData, folder: Folder) -> list[dict[str, str]]:
    if c.measured is None or len(c.measured.table.index) < 2:
        return []
    return [
        _entry(
            heading(metric(name)),
            groups_of(c.measured.table[name], name, c.models, (6.6, 0.0)),
            f"categories-{name}",
            folder,
            f"{heading(metric(name))} on clean frames and by category; the numbers are those of the table of scores.",
        )
        for name in reversed(c.headline)
    ]


def _calibration(
    task: str, found: Mapping[str, Mapping[str, Reliability]], c: ReportData, folder: Folder
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


COLUMNS = 5
"""Pictures beside each other on a page."""

TELLING = 6
"""Corruptions whose masks are shown where the models do not fit beside each other: else it takes dozens of pages."""


def picture_pages(
    gallery_grid: GalleryGrid, models: Sequence[str], severities: Sequence[int], folder: Path, hardest: Sequence[str]
) -> dict[str, Any]:
    """Write the pictures to ``folder`` and say how they are laid out; a missing picture is None.

    Args:
        hardest: the corruptions, the most telling first.
    """
    written = iter(range(10**6))

    def file(picture: Bytes | None) -> str | None:
        if picture is None:
            return None
        name = f"picture{next(written)}.jpg"
        (folder / name).write_bytes(jpeg(picture))
        return name

    middle = len(severities) // 2
    chosen = len(models) >= COLUMNS and len(gallery_grid.rows) > TELLING
    shown = [name for name in gallery_grid.rows if not chosen or name in hardest[:TELLING]]
    chunks = [models[i : i + COLUMNS - 1] for i in range(0, len(models), COLUMNS - 1)]
    return {
        "image": gallery_grid.image_id,
        "clean": file(gallery_grid.clean.picture) if gallery_grid.clean else None,
        "rows": [
            {"label": title(name), "cells": [file(shot.picture if shot else None) for shot in shots]}
            for name, shots in gallery_grid.rows.items()
        ],
        "recorded": [
            {"label": title(name), "file": file(shot.picture if shot else None)}
            for name, shot in gallery_grid.recorded.items()
        ],
        "severity": severities[middle] if severities else None,
        "chosen": chosen,
        "masks": [
            {
                "heads": ["ground truth", *chunk],
                "rows": [
                    {
                        "label": label,
                        "cells": [file(picture) for picture in _masked(shot, chunk)],
                        "scores": _scores(shot, chunk),
                    }
                    for label, shot in _at(gallery_grid, shown, middle)
                ],
            }
            for chunk in chunks
        ],
    }


def worst_pages(
    frames: Sequence[WorstFrame], shots: Sequence[tuple[GalleryImage | None, GalleryImage | None]], folder: Path
) -> list[dict[str, Any]]:
    """The worst frames in words, each with four files, None where the run did not keep its picture.

    They are the clean frame, the corrupted one, the true mask over it, and the model's.
    """
    return [
        {**vars(frame), "files": _four(frame, *pair, place, folder)}
        for place, (frame, pair) in enumerate(zip(frames, shots, strict=True))
    ]


def _four(
    frame: WorstFrame, clean: GalleryImage | None, damaged: GalleryImage | None, place: int, folder: Path
) -> list[str | None]:
    masks = (None, None) if damaged is None else (damaged.target, damaged.predictions.get(frame.model))
    pictures = [
        None if clean is None else clean.picture,
        None if damaged is None else damaged.picture,
        *(None if mask is None or damaged is None else overlaid(damaged.picture, mask) for mask in masks),
    ]
    names = [f"worst{place}-{number}.jpg" for number in range(len(pictures))]
    for name, picture in zip(names, pictures, strict=True):
        if picture is not None:
            (folder / name).write_bytes(jpeg(picture))
    return [None if picture is None else name for name, picture in zip(names, pictures, strict=True)]


def class_legend(gallery_grid: GalleryGrid, classes: Sequence[str]) -> list[tuple[str, str]]:
    """(class, hex colour) of the labels that occur on the sheet."""
    return [(classes[k] if k < len(classes) else f"label {k}", class_colour(k)) for k in gallery_grid.labels()]


def _at(gallery_grid: GalleryGrid, shown: Sequence[str], middle: int) -> list[tuple[str, GalleryImage | None]]:
    rows = [(title(name), gallery_grid.rows[name][middle] if gallery_grid.rows[name] else None) for name in shown]
    recorded = [(f"{title(name)} (recorded)", shot) for name, shot in gallery_grid.recorded.items()]
    return [("Clean", gallery_grid.clean), *rows, *recorded]


def _masked(shot: GalleryImage | None, models: Sequence[str]) -> list[Bytes | None]:
    if shot is None:
        return [None] * (1 + len(models))
    masks = [shot.target, *(shot.predictions.get(model) for model in models)]
    return [None if mask is None else overlaid(shot.picture, mask) for mask in masks]


def _scores(shot: GalleryImage | None, models: Sequence[str]) -> list[str]:
    return ["", *(shot.scores[model] if shot else "" for model in models)]
