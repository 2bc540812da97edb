"""Figures 5 and 6 of the paper: predictions of several models, and metrics against severity."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from robustbench_endo.reports.data.curves import severity_curves
from robustbench_endo.reports.data.gallery import IGNORE, Bytes, class_colour, limit_width, map_task, overlay_labels
from robustbench_endo.reports.data.metrics import headline_present
from robustbench_endo.reports.plotting import panels_figure
from robustbench_endo.reports.plotting.style import FIGURE_STYLE, MUTED, to_svg
from robustbench_endo.results.schema import CLEAN

if TYPE_CHECKING:
    from robustbench_endo.results import GalleryFrame, Results

_WIDTH = 420
"""Pixels of an image."""
_COLUMN = 1.75
"""Inches of an image."""


def rename_model(run: Results, name: str) -> Results:
    """A run of one model under a shorter name, for legends."""
    models = [{**entry, "name": name} for entry in run.info["models"]]
    return dataclasses.replace(run, frame=run.frame.assign(model=name), info={**run.info, "models": models})


def curve_figures(results: Results) -> dict[str, Figure]:
    """Figure 6: metric -> one panel per corruption."""
    return {name: panels_figure(severity_curves(results, name)) for name in headline_present(results)}


def figure_files(figures: Mapping[str, Figure | None]) -> dict[str, bytes]:
    """End of a file name (``_miou.svg``) -> its content, each figure as SVG and as PDF."""
    files = {}
    for name, figure in figures.items():
        if figure is None:
            continue
        suffix = f"_{name}" if name else ""
        buffer = io.BytesIO()
        with mpl.rc_context(FIGURE_STYLE):
            figure.savefig(buffer, format="pdf", metadata={"CreationDate": None})
            files[f"{suffix}.svg"] = to_svg(figure, f"paper{suffix}").encode()
        files[f"{suffix}.pdf"] = buffer.getvalue()
    return files


def mask_figure(runs: Sequence[Results]) -> Figure | None:
    """Figure 5: one row per stored frame of clean runs on the same frames; None when no image was stored.

    Columns: the frame, the target, the prediction of each model with the score of the frame.
    """
    frames = [frame for frame in (runs[0].gallery() if runs else ()) if frame.image(CLEAN, 0) is not None]
    if not frames:
        return None
    rows = [_row(runs, frame) for frame in frames]
    height, width = rows[0][0][1].shape[:2]
    size = (_COLUMN * len(rows[0]), (_COLUMN * height / width + 0.34) * len(rows) + 0.3)
    with mpl.rc_context(FIGURE_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(rows), len(rows[0]), squeeze=False)
        for axes, (name, image) in zip(grid.flat, (cell for row in rows for cell in row), strict=True):
            axes.imshow(image, interpolation="nearest")
            axes.set_axis_off()
            axes.set_title(name, fontsize=6.5, loc="left", parse_math=False)
        _legend(figure, runs[0], frames)
    return figure


def _row(runs: Sequence[Results], frame: GalleryFrame) -> list[tuple[str, Bytes]]:
    original = frame.image(CLEAN, 0)
    assert original is not None
    image = limit_width(original, _WIDTH)
    cells = [("Frame", image), ("Ground truth", _overlay(image, frame.target(CLEAN, 0)))]
    for run in runs:
        stored = {each.image_id: each for each in run.gallery()}.get(frame.image_id)
        for model in run.models:
            labels = stored.prediction(model, CLEAN, 0) if stored else None
            title = f"{model.replace(' (', chr(10) + '(')}\n{_score(run, model, frame.image_id)}"
            cells.append((title, _overlay(image, labels)))
    return cells


def _overlay(image: Bytes, labels: Bytes | None) -> Bytes:
    return overlay_labels(image, None if labels is None else limit_width(labels, _WIDTH))


def _score(run: Results, model: str, image_id: str) -> str:
    task = map_task(run)
    column = task.frame_column() if task else None
    if task is None or column is None:
        return ""
    rows = run.frame[(run.frame["image_id"] == image_id) & (run.frame["corruption"] == CLEAN)]
    value = 100 * float(rows.loc[rows["model"] == model, column].iloc[0])
    return f"{run.metric(task.headline).label} {value:.1f} %"


def _legend(figure: Figure, run: Results, frames: Sequence[GalleryFrame]) -> None:
    """Names of the classes in the targets."""
    task = map_task(run)
    if task is None:
        return
    names = run.labels[task.name]
    maps = [labels for frame in frames if (labels := frame.target(CLEAN, 0)) is not None]
    present = sorted({int(label) for labels in maps for label in np.unique(labels)} - {0, IGNORE})
    handles = [
        Patch(facecolor=class_colour(label), edgecolor=MUTED, linewidth=0.5, label=names[label]) for label in present
    ]
    if handles:
        figure.legend(handles=handles, loc="outside lower left", ncols=6, fontsize=6.5, frameon=False)
