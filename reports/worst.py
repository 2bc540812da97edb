"""The frames on which the run went most wrong, with what regenerates each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from robustbench_endo.results.schema import CLEAN

from .labels import number, title

if TYPE_CHECKING:
    from robustbench_endo.results import Results


@dataclass(frozen=True)
class WorstFrame:
    """One frame of one model; image id, corruption, severity and the run's seed make the picture again."""

    model: str
    corruption: str
    severity: int
    image_id: str
    score: str
    clean_score: str


def worst_frames(results: Results, count: int = 12) -> list[WorstFrame]:
    """The ``count`` deepest falls of a frame's mIoU below its own clean score, one a model x corruption x frame.

    Of several severities the weakest that falls as deep is listed; empty without masks.
    """
    columns = ["model", "corruption", "severity", "image_id", "miou"]
    frame = results.frame[columns].dropna(subset="miou")
    clean = frame.loc[frame["corruption"] == CLEAN, ["model", "image_id", "miou"]]
    clean = clean.rename(columns={"miou": "before"})
    damaged = frame[frame["corruption"] != CLEAN].merge(clean, on=["model", "image_id"])
    damaged = damaged.assign(fall=damaged["miou"] - damaged["before"])
    order = damaged.sort_values(["fall", "severity", "model", "corruption", "image_id"], kind="stable")
    rows = order.drop_duplicates(["model", "corruption", "image_id"]).head(count)
    return [
        WorstFrame(
            str(row.model),
            title(str(row.corruption)),
            int(row.severity),
            str(row.image_id),
            number(100 * float(row.miou)),
            number(100 * float(row.before)),
        )
        for row in rows.itertuples()
    ]
