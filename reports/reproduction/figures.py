"""Figures 5 and 6 of the paper: masks beside each other, and how the metrics fall with the severity."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from robustbench_endo.reports.data.curves import severity_curves
from robustbench_endo.reports.data.gallery import class_colour, overlaid, shrunk
from robustbench_endo.reports.data.metrics import headline_present
from robustbench_endo.reports.plotting import panels_figure
from robustbench_endo.reports.plotting.style import MUTED, PLAIN, svg
from robustbench_endo.results.schema import CLEAN

if TYPE_CHECKING:
    from robustbench_endo.results import GalleryFrame, Results

Bytes = NDArray[np.uint8]

_WIDTH = 420
_COLUMN = 1.75
"""Pixels and inches of a picture."""


def renamed(run: Results, name: str) -> Results:
    """A run of one network under a shorter name, for legends."""
    models = [{**entry, "name": name} for entry in run.info["models"]]
    return dataclasses.replace(run, frame=run.frame.assign(model=name), info={**run.info, "models": models})


def curves_of(results: Results) -> dict[str, Figure]:
    """Figure 6: metric -> all corruptions beside each other."""
    return {name: panels_figure(severity_curves(results, name)) for name in headline_present(results)}


def drawn(figures: Mapping[str, Figure | None]) -> dict[str, bytes]:
    """Ending of a file's name (``_miou.svg``) -> its content, each figure as SVG and as PDF."""
    files = {}
    for name, figure in figures.items():
        if figure is None:
            continue
        ending = f"_{name}" if name else ""
        buffer = io.BytesIO()
        with mpl.rc_context(PLAIN):
            figure.savefig(buffer, format="pdf", metadata={"CreationDate": None})
            files[f"{ending}.svg"] = svg(figure, f"paper{ending}").encode()
        files[f"{ending}.pdf"] = buffer.getvalue()
    return files


def masks_of(runs: Sequence[Results]) -> Figure | None:
    """Figure 5: a row a kept frame of clean runs on the same frames; None when no picture was kept.

    Columns: the frame, the true mask, each network's mask with the frame's mIoU.
    """
    frames = [frame for frame in (runs[0].gallery() if runs else ()) if frame.image(CLEAN, 0) is not None]
    if not frames:
        return None
    rows = [_row(runs, frame) for frame in frames]
    height, width = rows[0][0][1].shape[:2]
    size = (_COLUMN * len(rows[0]), (_COLUMN * height / width + 0.34) * len(rows) + 0.3)
    with mpl.rc_context(PLAIN):
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(rows), len(rows[0]), squeeze=False)
        for axes, (name, picture) in zip(grid.flat, (cell for row in rows for cell in row), strict=True):
            axes.imshow(picture, interpolation="nearest")
            axes.set_axis_off()
            axes.set_title(name, fontsize=6.5, loc="left", parse_math=False)
        _legend(figure, runs[0], frames)
    return figure


def _row(runs: Sequence[Results], frame: GalleryFrame) -> list[tuple[str, Bytes]]:
    picture = frame.image(CLEAN, 0)
    assert picture is not None
    picture = shrunk(picture, _WIDTH)
    cells = [("Frame", picture), ("True mask", _laid(picture, frame.target(CLEAN, 0)))]
    for run in runs:
        kept = {each.image_id: each for each in run.gallery()}.get(frame.image_id)
        for model in run.models:
            mask = kept.prediction(model, CLEAN, 0) if kept else None
            cells.append((f"{_broken(model)}\nmIoU {_score(run, model, frame.image_id)}", _laid(picture, mask)))
    return cells


def _laid(picture: Bytes, mask: Bytes | None) -> Bytes:
    return overlaid(picture, None if mask is None else shrunk(mask, _WIDTH))


def _broken(name: str) -> str:
    return name.replace(" (", "\n(")


def _score(run: Results, model: str, image_id: str) -> str:
    rows = run.frame[(run.frame["image_id"] == image_id) & (run.frame["corruption"] == CLEAN)]
    return f"{100 * float(rows.loc[rows['model'] == model, 'miou'].iloc[0]):.1f} %"


def _legend(figure: Figure, run: Results, frames: Sequence[GalleryFrame]) -> None:
    """Names of the classes that the true masks show."""
    masks = [mask for frame in frames if (mask := frame.target(CLEAN, 0)) is not None]
    shown = sorted({int(label) for mask in masks for label in np.unique(mask)} - {0, 255})
    handles = [
        Patch(facecolor=class_colour(label), edgecolor=MUTED, linewidth=0.5, label=run.classes[label])
        for label in shown
    ]
    if handles:
        figure.legend(handles=handles, loc="outside lower left", ncols=6, fontsize=6.5, frameon=False)
