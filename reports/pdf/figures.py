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
from robustbench_endo.reports.plotting.severity_curves import CurveBlock, describe_curves, small_multiples
from robustbench_endo.reports.plotting.style import to_svg

_FONT = "Libertinus Serif"

TEXT_WIDTH = 6.69
"""Inches between the margins of A4."""

HALF_WIDTH = 3.25
"""Inches of a figure next to another one."""

COLUMNS = 5
"""Images per row of a page."""

MAX_TOGETHER = 3
"""Models whose predictions fit next to the images of three severities."""

MAX_MASK_ROWS = 6
"""Corruptions with predictions where the models do not fit on one page: all of them would take dozens of pages."""

MAX_DROPS = 8
"""Of the largest drops."""


@dataclass(frozen=True)
class FigureFolder:
    """The folder from which the typesetter reads figures."""

    path: Path

    def write(self, name: str, text: str) -> str:
        """Write an SVG with the font of the page; its name."""
        (self.path / name).write_text(text.replace("'DejaVu Sans'", f"'{_FONT}'"), "utf-8")
        return name


def figures(report: ReportData, folder: FigureFolder) -> dict[str, Any]:
    """``curves`` (one figure per metric), ``categories`` and ``calibration``: files, headings and descriptions."""
    return {
        "curves": [_curves(block, folder) for block in report.curves],
        "categories": _categories(report, folder),
        "calibration": [_calibration(bins, report, folder) for bins in report.reliability],
    }


def _curves(block: CurveBlock, folder: FigureFolder) -> dict[str, Any]:
    figure = small_multiples(block.curves, TEXT_WIDTH)
    name = f"curves-{block.metric.name}"
    entry = _entry(heading(block.metric), figure, name, folder, describe_curves(block.curves))
    columns = min(COLUMNS, 1 + len(block.panels))
    return {**entry, "width": columns / COLUMNS, "floor": block.floor_name, "grey": block.marks_severities}


def _categories(report: ReportData, folder: FigureFolder) -> list[dict[str, str]]:
    if len(report.scores.with_rows(summary=True).rows) < 3:
        return []
    metrics = {metric.name: metric for metric in report.scores.metrics}
    entries = []
    for metric in (metrics[name] for name in report.headline):
        figure = categories_figure_of(report.scores, metric, (HALF_WIDTH, 0.0))
        description = f"{heading(metric)} on clean frames and by category; the numbers are in the table of scores."
        entries.append(_entry(heading(metric), figure, f"categories-{metric.name}", folder, description))
    return entries


def _calibration(bins: TaskReliability, report: ReportData, folder: FigureFolder) -> dict[str, str]:
    figure = reliability_figure(bins, report.models, (HALF_WIDTH, 2.0))
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


class _Images:
    """Images as numbered files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.numbers = folder, count()

    def cell(self, image: Bytes | None, score: str = "") -> dict[str, str | None]:
        """A cell of a table of images; a missing image has no file."""
        name = None if image is None else f"image{next(self.numbers)}.jpg"
        if image is not None and name is not None:
            (self.folder / name).write_bytes(encode_jpeg(image))
        return {"file": name, "score": score}


def gallery_part(
    grid: GalleryGrid, models: Sequence[str], severities: Sequence[float], folder: Path, hardest: Sequence[str]
) -> dict[str, Any]:
    """Write the images to ``folder`` and describe their tables.

    Few models share one table: images at the first, middle and last severity, then masks at the middle one. Those of
    many models follow in tables of their own, of the corruptions with the largest effect.

    Args:
        grid: the frame.
        models, severities: of the run.
        folder: of the typesetter.
        hardest: the corruptions, the one with the largest effect first.
    """
    images, middle = _Images(folder), len(severities) // 2
    with_masks = any(image.target is not None or image.predictions for image in grid.images())
    together = len(models) <= MAX_TOGETHER and with_masks
    positions = sorted({0, middle, len(severities) - 1}) if together and severities else range(len(severities))
    heads = [f"severity {severities[position]}" for position in positions]
    rows = [_image_row("Clean", [grid.clean], len(heads), images)]
    rows += [
        _image_row(title(name), [row[position] if row else None for position in positions], len(heads), images)
        for name, row in grid.rows.items()
    ]
    recorded = [
        {"label": title(name), **images.cell(image.image if image else None)} for name, image in grid.recorded.items()
    ]
    tables, limited = [{"heads": heads, "rows": rows}], False
    if together:
        _append_masks(tables[0], grid, models, middle, images)
    elif with_masks:
        limited = len(grid.rows) > MAX_MASK_ROWS
        names = [name for name in grid.rows if not limited or name in hardest[:MAX_MASK_ROWS]]
        starts = range(0, len(models), COLUMNS - 1)
        tables += [_mask_table(grid, names, models[i : i + COLUMNS - 1], middle, images) for i in starts]
    return {
        "image": grid.image_id,
        "severity": severities[middle] if severities else None,
        "tables": tables,
        "recorded": recorded,
        "limited": limited,
        "masks": with_masks,
    }


def _image_row(label: str, row: Sequence[GalleryImage | None], width: int, images: _Images) -> dict[str, Any]:
    cells = [images.cell(image.image if image else None) for image in row]
    return {"label": label, "cells": [*cells, *({"file": "", "score": ""} for _ in range(width - len(cells)))]}


def _append_masks(
    table: dict[str, Any], grid: GalleryGrid, models: Sequence[str], middle: int, images: _Images
) -> None:
    """Add the masks of all conditions to a table of images."""
    table["heads"] += ["ground truth", *models]
    for row, (_, image) in zip(table["rows"], _rows_at(grid, list(grid.rows), middle), strict=False):
        row["cells"] += _mask_cells(image, models, images)


def _mask_table(
    grid: GalleryGrid, names: Sequence[str], models: Sequence[str], middle: int, images: _Images
) -> dict[str, Any]:
    rows = [
        {"label": label, "cells": _mask_cells(image, models, images)} for label, image in _rows_at(grid, names, middle)
    ]
    return {"heads": ["ground truth", *models], "rows": rows}


def _mask_cells(image: GalleryImage | None, models: Sequence[str], images: _Images) -> list[dict[str, str | None]]:
    scores = ["", *(image.scores[model] if image else "" for model in models)]
    return [images.cell(each, score) for each, score in zip(_overlays(image, models), scores, strict=True)]


def drop_pages(drops: Sequence[Drop], folder: Path) -> list[dict[str, Any]]:
    """The largest drops, each with four files, None where the run did not store the image.

    They are the clean image, the corrupted one, the target over it, and the prediction over it.
    """
    texts = ("model", "corruption", "severity", "image_id", "score", "clean_score")
    return [
        {**{name: getattr(drop, name) for name in texts}, "files": _drop_files(drop, number, folder)}
        for number, drop in enumerate(drops[:MAX_DROPS])
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
