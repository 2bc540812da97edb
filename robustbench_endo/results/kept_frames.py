"""Thumbnails of the worst, the median and the best frames of each condition, stored with ``--keep-frames``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from robustbench_endo.errors import RunError
from robustbench_endo.predictions.codec import decode_label_map
from robustbench_endo.results.integrity import GALLERY
from robustbench_endo.results.severity import as_severity

if TYPE_CHECKING:
    from robustbench_endo.results.results import Results

KEPT_FILE = f"{GALLERY}/kept-frames.parquet"

Kind = Literal["worst", "median", "best"]
KINDS: tuple[Kind, ...] = ("worst", "median", "best")


@dataclass(frozen=True)
class KeptFrame:
    """A frame at a condition, as thumbnails.

    Attributes:
        corruption, severity: the condition; ``clean``, 0 for the clean frames.
        kind: worst, median or best of the condition by the mean over the models of the frame's score.
        rank: 0 for the worst (or best), 1 for the next one.
        image_id: the frame's id.
        scores: model -> score of the frame in [0, 1]; NaN without a valid prediction.
        image: the corrupted image as WebP, its short side at most 128 px.
        target: the target as an indexed PNG whose pixel values are the labels, 255 = ignore; None without one.
        predictions: model -> its label map likewise; models without a map are missing.
    """

    corruption: str
    severity: float
    kind: Kind
    rank: int
    image_id: str
    scores: Mapping[str, float]
    image: bytes = field(repr=False)
    target: bytes | None = field(repr=False)
    predictions: Mapping[str, bytes] = field(repr=False)

    def label_map(self, model: str | None = None) -> NDArray[np.uint8] | None:
        """Labels uint8 (h, w) of a model, or of the target for None; None where there are none."""
        png = self.target if model is None else self.predictions.get(model)
        return None if png is None else decode_label_map(png)


def kept_frames(results: Results, corruption: str | None = None, severity: float | None = None) -> list[KeptFrame]:
    """The stored thumbnails, by condition, then worst, median and best; empty where the run stored none.

    Args:
        results: of a run folder.
        corruption, severity: only those; None for all.

    Raises:
        RunError: a file that cannot be read.
    """
    if results.path is None or not (path := results.path / KEPT_FILE).is_file():
        return []
    try:
        rows = pq.read_table(path).to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise RunError(f"Cannot read {path}: {reason}. Run the same robust-endo evaluate again.") from error
    rows = [
        row
        for row in rows
        if (corruption is None or row["corruption"] == corruption) and (severity is None or row["severity"] == severity)
    ]
    scores = _scores_by_frame(results) if rows else {}
    return [_frame(row, results.models, scores) for row in rows]


def select_frames(results: Results, count: int, model: str | None = None) -> pd.DataFrame:
    """The worst, the median and the best frames of each condition by Dice.

    Args:
        results: of a run.
        count: of each kind; a condition with fewer than three times as many frames has fewer.
        model: rank by its score; None for the mean over the models.

    Returns:
        Columns ``corruption, severity, kind, rank, image_id, score``: worst first, best last; empty for a run without a
        score per frame. Only the first draw of a condition counts, and frames that have a score.
    """
    columns = ["corruption", "severity", "kind", "rank", "image_id", "score"]
    column = frame_score(results)
    if column is None or count < 1:
        return pd.DataFrame(columns=columns)
    frame = results.frame[results.frame["replicate"] == 0]
    frame = frame if model is None else frame[frame["model"] == model]
    keys = ["corruption", "severity", "image_id"]
    means = frame.groupby(keys, sort=False, observed=True)[column].mean().rename("score").dropna().reset_index()
    means = means.sort_values(["score", "image_id"], kind="stable")
    parts = []
    for (corruption, severity), group in means.groupby(["corruption", "severity"], sort=False, observed=True):
        positions = _positions(len(group), count)
        rows = group.iloc[[position for _, _, position in positions]]
        kinds, ranks, _ = zip(*positions, strict=True)
        parts.append(rows.assign(corruption=corruption, severity=severity, kind=kinds, rank=ranks))
    return _in_order(results, pd.concat(parts, ignore_index=True))[columns] if parts else pd.DataFrame(columns=columns)


def frame_score(results: Results) -> str | None:
    """The column of the records that ranks frames: Dice for masks; None for a run without a score per frame."""
    if "dice_mean" in results.frame:
        return "dice_mean"
    return next((name for task in reversed(results.tasks) if (name := task.frame_column())), None)


def _positions(number: int, count: int) -> list[tuple[Kind, int, int]]:
    """(kind, rank, position in ascending order) of the frames to keep, each once.

    >>> _positions(7, 1)
    [('worst', 0, 0), ('median', 0, 3), ('best', 0, 6)]
    >>> _positions(2, 1)
    [('worst', 0, 0), ('best', 0, 1)]
    """
    middle = (number - 1) // 2
    around = sorted(range(number), key=lambda position: (abs(position - middle), position))[:count]
    required: dict[Kind, list[int]] = {
        "worst": list(range(min(count, number))),
        "best": list(range(number - 1, max(-1, number - 1 - count), -1)),
        "median": around,
    }
    used: set[int] = set()
    selected: list[tuple[Kind, int, int]] = []
    for kind, positions in required.items():
        new = [position for position in positions if position not in used]
        used.update(new)
        selected += [(kind, rank, position) for rank, position in enumerate(new)]
    return sorted(selected, key=lambda each: KINDS.index(each[0]))


def _in_order(results: Results, table: pd.DataFrame) -> pd.DataFrame:
    names = ["clean", *results.corruptions, *results.recorded_conditions]
    order = table["corruption"].map({name: i for i, name in enumerate(names)})
    kinds = table["kind"].map({kind: i for i, kind in enumerate(KINDS)})
    keyed = table.assign(_order=order, _kind=kinds)
    return keyed.sort_values(["_order", "severity", "_kind", "rank"], kind="stable").reset_index(drop=True)


def _scores_by_frame(results: Results) -> dict[tuple[str, float, str], dict[str, float]]:
    column = frame_score(results)
    scores: dict[tuple[str, float, str], dict[str, float]] = {}
    if column is not None:
        rows = results.frame[results.frame["replicate"] == 0]
        keys = (rows[name] for name in ("model", "corruption", "severity", "image_id", column))
        for model, corruption, severity, image_id, value in zip(*keys, strict=True):
            scores.setdefault((corruption, float(severity), image_id), {})[model] = float(value)
    return scores


def _frame(
    row: Mapping[str, Any], models: list[str], scores: Mapping[tuple[str, float, str], Mapping[str, float]]
) -> KeptFrame:
    maps = dict(zip(models, row["predictions"], strict=True))
    return KeptFrame(
        **{name: row[name] for name in ("corruption", "kind", "rank", "image_id", "image", "target")},
        severity=as_severity(row["severity"]),
        scores=scores.get((row["corruption"], row["severity"], row["image_id"]), {}),
        predictions={model: png for model, png in maps.items() if png is not None},
    )


def kept_schema() -> pa.Schema:
    """The columns of :data:`KEPT_FILE`; ``predictions`` in the order of the run's models."""
    return pa.schema(
        [
            pa.field("corruption", pa.string(), nullable=False),
            pa.field("severity", pa.float64(), nullable=False),
            pa.field("kind", pa.string(), nullable=False),
            pa.field("rank", pa.int16(), nullable=False),
            pa.field("image_id", pa.string(), nullable=False),
            pa.field("image", pa.binary(), nullable=False),
            pa.field("target", pa.binary()),
            pa.field("predictions", pa.list_(pa.binary()), nullable=False),
        ]
    )


def kept_file(folder: Path) -> Path:
    """The file in a run folder."""
    return folder / KEPT_FILE
