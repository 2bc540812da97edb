"""One kept frame under every condition, with the true mask and what each model made of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..labels import number
from .pictures import IGNORE, shrunk

if TYPE_CHECKING:
    from robustbench_endo.results import GalleryFrame, Results

Bytes = NDArray[np.uint8]
Scores = dict[tuple[str, str, int], float]


@dataclass(frozen=True)
class Shot:
    """The frame at one condition.

    Attributes:
        corruption, severity: the condition; ``clean``, 0 for the frame as it was.
        picture: uint8 (h, w, 3).
        target: uint8 (h, w), None without a mask.
        predictions: model -> uint8 (h, w); models without a mask are missing.
        scores: model -> mIoU of this frame as printed, in percent.
    """

    corruption: str
    severity: int
    picture: Bytes
    target: Bytes | None
    predictions: Mapping[str, Bytes]
    scores: Mapping[str, str]


@dataclass(frozen=True)
class Sheet:
    """A frame under all conditions, corruptions by severity and real conditions; a missing one is None."""

    image_id: str
    clean: Shot | None
    rows: Mapping[str, tuple[Shot | None, ...]]
    real: Mapping[str, Shot | None] = field(default_factory=dict)

    def shots(self) -> Iterator[Shot]:
        """Every shot there is."""
        yield from (
            shot for row in ((self.clean, *self.real.values()), *self.rows.values()) for shot in row if shot is not None
        )

    def labels(self) -> list[int]:
        """The foreground labels that occur in any mask."""
        masks = [mask for shot in self.shots() for mask in (shot.target, *shot.predictions.values())]
        counts = sum(np.bincount(mask.ravel(), minlength=256) for mask in masks if mask is not None)
        return [int(label) for label in np.flatnonzero(counts) if label not in (0, IGNORE)]


def sheet(results: Results, frame: GalleryFrame, width: int) -> Sheet | None:
    """The frame's pictures and masks, at most ``width`` pixels wide; None when none of them can be read."""
    scores = _scores(results, frame.image_id)

    def shot(name: str, severity: int) -> Shot | None:
        return _shot(results, frame, name, severity, width, scores)

    rows = {name: tuple(shot(name, severity) for severity in results.severities) for name in results.corruptions}
    real = {name: shot(name, 1) for name in results.real_conditions}
    made = Sheet(frame.image_id, shot("clean", 0), rows, real)
    return made if next(made.shots(), None) else None


def shot_of(results: Results, frame: GalleryFrame, corruption: str, severity: int, width: int) -> Shot | None:
    """The frame at one condition, at most ``width`` pixels wide; None when the run did not keep its picture."""
    return _shot(results, frame, corruption, severity, width, _scores(results, frame.image_id))


def _shot(
    results: Results, frame: GalleryFrame, corruption: str, severity: int, width: int, scores: Scores
) -> Shot | None:
    picture = frame.image(corruption, severity)
    if picture is None:
        return None
    target = frame.target(corruption, severity)
    masks = {model: frame.prediction(model, corruption, severity) for model in results.models}
    return Shot(
        corruption,
        severity,
        shrunk(picture, width),
        None if target is None else shrunk(target, width),
        {model: shrunk(mask, width) for model, mask in masks.items() if mask is not None},
        {model: number(scores.get((model, corruption, severity), math.nan)) for model in results.models},
    )


def _scores(results: Results, image_id: str) -> Scores:
    rows = results.frame[results.frame["image_id"] == image_id]
    keys = zip(rows["model"], rows["corruption"], rows["severity"], strict=True)
    return {(m, c, int(s)): 100 * float(value) for (m, c, s), value in zip(keys, rows["miou"], strict=True)}
