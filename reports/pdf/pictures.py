"""Pictures for print: the frame at every severity, every model's mask at one of them, and the worst frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..content.gallery import Sheet, Shot
from ..content.pictures import Bytes, class_colour, jpeg, overlaid
from ..content.worst import WorstFrame
from ..labels import title

COLUMNS = 5
"""Pictures beside each other on a page."""

TELLING = 6
"""Corruptions whose masks are shown where the models do not fit beside each other: else it takes dozens of pages."""


def picture_pages(
    sheet: Sheet, models: Sequence[str], severities: Sequence[int], folder: Path, hardest: Sequence[str]
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
    chosen = len(models) >= COLUMNS and len(sheet.rows) > TELLING
    shown = [name for name in sheet.rows if not chosen or name in hardest[:TELLING]]
    chunks = [models[i : i + COLUMNS - 1] for i in range(0, len(models), COLUMNS - 1)]
    return {
        "image": sheet.image_id,
        "clean": file(sheet.clean.picture) if sheet.clean else None,
        "rows": [
            {"label": title(name), "cells": [file(shot.picture if shot else None) for shot in shots]}
            for name, shots in sheet.rows.items()
        ],
        "real": [
            {"label": title(name), "file": file(shot.picture if shot else None)} for name, shot in sheet.real.items()
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
                    for label, shot in _at(sheet, shown, middle)
                ],
            }
            for chunk in chunks
        ],
    }


def worst_pages(
    frames: Sequence[WorstFrame], shots: Sequence[tuple[Shot | None, Shot | None]], folder: Path
) -> list[dict[str, Any]]:
    """The worst frames in words, each with four files, None where the run did not keep its picture.

    They are the clean frame, the corrupted one, the true mask over it, and the model's.
    """
    return [
        {**vars(frame), "files": _four(frame, *pair, place, folder)}
        for place, (frame, pair) in enumerate(zip(frames, shots, strict=True))
    ]


def _four(frame: WorstFrame, clean: Shot | None, damaged: Shot | None, place: int, folder: Path) -> list[str | None]:
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


def class_legend(sheet: Sheet, classes: Sequence[str]) -> list[tuple[str, str]]:
    """(class, hex colour) of the labels that occur on the sheet."""
    return [(classes[k] if k < len(classes) else f"label {k}", class_colour(k)) for k in sheet.labels()]


def _at(sheet: Sheet, shown: Sequence[str], middle: int) -> list[tuple[str, Shot | None]]:
    rows = [(title(name), sheet.rows[name][middle] if sheet.rows[name] else None) for name in shown]
    real = [(f"{title(name)} (real)", shot) for name, shot in sheet.real.items()]
    return [("Clean", sheet.clean), *rows, *real]


def _masked(shot: Shot | None, models: Sequence[str]) -> list[Bytes | None]:
    if shot is None:
        return [None] * (1 + len(models))
    masks = [shot.target, *(shot.predictions.get(model) for model in models)]
    return [None if mask is None else overlaid(shot.picture, mask) for mask in masks]


def _scores(shot: Shot | None, models: Sequence[str]) -> list[str]:
    return ["", *(shot.scores[model] if shot else "" for model in models)]
