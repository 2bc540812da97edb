"""The contact sheet for print: the frame at every severity, then every model's mask at one of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .gallery import Sheet, Shot
from .labels import title
from .pictures import Bytes, class_colour, jpeg, overlaid

COLUMNS = 5
"""Pictures beside each other on a page."""


def picture_pages(sheet: Sheet, models: Sequence[str], severities: Sequence[int], folder: Path) -> dict[str, Any]:
    """Write the pictures to ``folder`` and say how they are laid out; a missing picture is None."""
    written = iter(range(10**6))

    def file(picture: Bytes | None) -> str | None:
        if picture is None:
            return None
        name = f"picture{next(written)}.jpg"
        (folder / name).write_bytes(jpeg(picture))
        return name

    middle = len(severities) // 2
    chunks = [models[i : i + COLUMNS - 1] for i in range(0, len(models), COLUMNS - 1)]
    return {
        "image": sheet.image_id,
        "clean": file(sheet.clean.picture) if sheet.clean else None,
        "rows": [
            {"label": title(name), "cells": [file(shot.picture if shot else None) for shot in shots]}
            for name, shots in sheet.rows.items()
        ],
        "severity": severities[middle] if severities else None,
        "masks": [
            {
                "heads": ["ground truth", *chunk],
                "rows": [
                    {
                        "label": label,
                        "cells": [file(picture) for picture in _masked(shot, chunk)],
                        "scores": _scores(shot, chunk),
                    }
                    for label, shot in _at(sheet, middle)
                ],
            }
            for chunk in chunks
        ],
    }


def class_legend(sheet: Sheet, classes: Sequence[str]) -> list[tuple[str, str]]:
    """(class, hex colour) of the labels that occur on the sheet."""
    return [(classes[k] if k < len(classes) else f"label {k}", class_colour(k)) for k in sheet.labels()]


def _at(sheet: Sheet, middle: int) -> list[tuple[str, Shot | None]]:
    rows = [(title(name), shots[middle] if shots else None) for name, shots in sheet.rows.items()]
    return [("Clean", sheet.clean), *rows]


def _masked(shot: Shot | None, models: Sequence[str]) -> list[Bytes | None]:
    if shot is None:
        return [None] * (1 + len(models))
    masks = [shot.target, *(shot.predictions.get(model) for model in models)]
    return [None if mask is None else overlaid(shot.picture, mask) for mask in masks]


def _scores(shot: Shot | None, models: Sequence[str]) -> list[str]:
    return ["", *(shot.scores[model] if shot else "" for model in models)]
