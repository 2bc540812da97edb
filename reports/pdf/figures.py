"""Figures and images of a report as files for the typesetter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from robustbench_endo.reports.data.confidence import TaskReliability
from robustbench_endo.reports.data.gallery import Bytes, Drop, GalleryGrid, GalleryImage, encode_jpeg, overlay_labels
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.data.report_data import ReportData
from robustbench_endo.reports.formatting import title
from robustbench_endo.reports.plotting import categories_figure_of, reliability_figure
from robustbench_endo.reports.plotting.severity_curves import CurveBlock, Drawing
from robustbench_endo.reports.plotting.style import to_svg

_FONT = "Libertinus Serif"

COLUMNS = 5
"""Images per row of a page."""

MAX_MASK_ROWS = 6
"""Corruptions with predictions where the models do not fit on one page: all of them would take dozens of pages."""


@dataclass(frozen=True)
class FigureFolder:
    """The folder from which the typesetter reads figures."""

    path: Path

    def write(self, name: str, text: str) -> str:
        """Write an SVG with the font of the page; its name."""
        (self.path / name).write_text(text.replace("'DejaVu Sans'", f"'{_FONT}'"), "utf-8")
        return name


def figures(report: ReportData, folder: FigureFolder) -> dict[str, Any]:
    """``curves`` (one block per metric), ``categories`` and ``calibration``: files, headings and descriptions."""
    return {
        "curves": [_curves(block, folder, number) for number, block in enumerate(report.curves)],
        "categories": _categories(report, folder),
        "calibration": [_calibration(bins, report, folder) for bins in report.reliability],
    }


def _curves(block: CurveBlock, folder: FigureFolder, number: int) -> dict[str, Any]:
    def entry(drawing: Drawing, index: int) -> dict[str, str]:
        name = folder.write(f"curve{number}-{index}.svg", drawing.svg)
        return {"label": drawing.label, "file": name, "description": drawing.description}

    return {
        "label": block.metric.label,
        "heading": heading(block.metric),
        "mean": entry(block.mean, 0),
        "panels": [entry(panel, index) for index, panel in enumerate(block.panels, start=1)],
    }


def _categories(report: ReportData, folder: FigureFolder) -> list[dict[str, str]]:
    if len(report.scores.with_rows(summary=True).rows) < 2:
        return []
    metrics = {metric.name: metric for metric in report.scores.metrics}
    entries = []
    for metric in (metrics[name] for name in reversed(report.headline)):
        figure = categories_figure_of(report.scores, metric, (6.6, 0.0))
        description = f"{heading(metric)} on clean frames and by category; the numbers are in the table of scores."
        entries.append(_entry(heading(metric), figure, f"categories-{metric.name}", folder, description))
    return entries


def _calibration(bins: TaskReliability, report: ReportData, folder: FigureFolder) -> dict[str, str]:
    figure = reliability_figure(bins, report.models, (6.6, 2.5))
    description = "; ".join(
        f"{model}, {name.lower()}: calibration error {line.error:.1f} %"
        for name, lines in bins.by_frames.items()
        for model, line in lines.items()
        if np.isfinite(line.error)
    )
    return _entry(
        f"{bins.task.title} ({bins.task.unit_noun})", figure, f"calibration-{bins.task.name}", folder, description
    )


def _entry(label: str, figure: Figure, name: str, folder: FigureFolder, description: str) -> dict[str, str]:
    # A user's metric may have any name, a file may not.
    safe = "".join(letter if letter.isalnum() else "-" for letter in name)
    file = folder.write(f"{safe}.svg", to_svg(figure, name))
    return {"label": label, "file": file, "description": description}


def gallery_pages(
    grid: GalleryGrid, models: Sequence[str], severities: Sequence[float], folder: Path, hardest: Sequence[str]
) -> dict[str, Any]:
    """Write the images to ``folder`` and describe their layout; a missing image is None.

    Args:
        grid: the frame.
        models, severities: of the run.
        folder: of the typesetter.
        hardest: the corruptions, the one with the largest effect first.
    """
    numbers = count()

    def file(image: Bytes | None) -> str | None:
        if image is None:
            return None
        name = f"image{next(numbers)}.jpg"
        (folder / name).write_bytes(encode_jpeg(image))
        return name

    middle = len(severities) // 2
    limited = len(models) >= COLUMNS and len(grid.rows) > MAX_MASK_ROWS
    names = [name for name in grid.rows if not limited or name in hardest[:MAX_MASK_ROWS]]
    pages = [models[start : start + COLUMNS - 1] for start in range(0, len(models), COLUMNS - 1)]
    return {
        "image": grid.image_id,
        "clean": file(grid.clean.image) if grid.clean else None,
        "rows": [
            {"label": title(name), "cells": [file(image.image if image else None) for image in images]}
            for name, images in grid.rows.items()
        ],
        "recorded": [
            {"label": title(name), "file": file(image.image if image else None)}
            for name, image in grid.recorded.items()
        ],
        "severity": severities[middle] if severities else None,
        "limited": limited,
        "masks": [
            {
                "heads": ["ground truth", *page],
                "rows": [
                    {
                        "label": label,
                        "cells": [file(overlay) for overlay in _overlays(image, page)],
                        "scores": ["", *(image.scores[model] if image else "" for model in page)],
                    }
                    for label, image in _rows_at(grid, names, middle)
                ],
            }
            for page in pages
        ],
    }


def drop_pages(drops: Sequence[Drop], folder: Path) -> list[dict[str, Any]]:
    """The largest drops, each with four files, None where the run did not store the image.

    They are the clean image, the corrupted one, the target over it, and the prediction over it.
    """
    texts = ("model", "corruption", "severity", "image_id", "score", "clean_score", "command")
    return [
        {**{name: getattr(drop, name) for name in texts}, "files": _drop_files(drop, number, folder)}
        for number, drop in enumerate(drops)
    ]


def _drop_files(drop: Drop, number: int, folder: Path) -> list[str | None]:
    image = drop.corrupted
    maps = (None, None) if image is None else (image.target, image.predictions.get(drop.model))
    images = [
        None if drop.clean is None else drop.clean.image,
        None if image is None else image.image,
        *(None if labels is None or image is None else overlay_labels(image.image, labels) for labels in maps),
    ]
    names: list[str | None] = []
    for index, pixels in enumerate(images):
        name = f"drop{number}-{index}.jpg"
        if pixels is not None:
            (folder / name).write_bytes(encode_jpeg(pixels))
        names.append(None if pixels is None else name)
    return names


def _rows_at(grid: GalleryGrid, names: Sequence[str], severity: int) -> list[tuple[str, GalleryImage | None]]:
    rows = [(title(name), grid.rows[name][severity] if grid.rows[name] else None) for name in names]
    recorded = [(f"{title(name)} (recorded)", image) for name, image in grid.recorded.items()]
    return [("Clean", grid.clean), *rows, *recorded]


def _overlays(image: GalleryImage | None, models: Sequence[str]) -> list[Bytes | None]:
    if image is None:
        return [None] * (1 + len(models))
    maps = [image.target, *(image.predictions.get(model) for model in models)]
    return [None if labels is None else overlay_labels(image.image, labels) for labels in maps]
