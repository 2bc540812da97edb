"""The frames on which the run went most wrong, with what regenerates each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from robustbench_endo.results.deepest import KEPT, deepest_falls

from ..labels import number, title
from .gallery import Shot, shot_of

if TYPE_CHECKING:
    from robustbench_endo.results import Results


@dataclass(frozen=True)
class WorstFrame:
    """One frame of one model; image id, corruption, severity and the run's seed make the picture again.

    ``command`` does so in Python, where ``frame`` is the clean picture at the resolution of the suite.
    """

    model: str
    corruption: str
    severity: int
    image_id: str
    score: str
    clean_score: str
    command: str = ""


def worst_frames(results: Results, count: int = KEPT) -> list[WorstFrame]:
    """The ``count`` deepest falls, see :func:`robustbench_endo.results.deepest.deepest_falls`; empty without masks."""
    return [
        WorstFrame(
            str(row.model),
            title(str(row.corruption)),
            int(row.severity),
            str(row.image_id),
            number(100 * float(row.miou)),
            number(100 * float(row.before)),
            regenerating(results, str(row.corruption), int(row.severity), str(row.image_id)),
        )
        for row in deepest_falls(results.frame, count).itertuples()
    ]


def worst_shots(results: Results, width: int, count: int = KEPT) -> list[tuple[Shot | None, Shot | None]]:
    """For each of :func:`worst_frames` its clean and its corrupted picture, None where the run did not keep it."""
    kept = {frame.image_id: frame for frame in [*results.gallery(), *results.worst_gallery()]}
    found: list[tuple[Shot | None, Shot | None]] = []
    for row in deepest_falls(results.frame, count).itertuples():
        frame = kept.get(str(row.image_id))
        conditions = (("clean", 0), (str(row.corruption), int(row.severity)))
        clean, damaged = (None if frame is None else shot_of(results, frame, *at, width) for at in conditions)
        found.append((clean, damaged))
    return found


def regenerating(results: Results, corruption: str, severity: int, image_id: str) -> str:
    """The call that makes the picture again; empty for a real condition, which is a picture of its own."""
    if corruption not in results.corruptions:
        return ""
    suite = results.info.get("suite", {}).get("name", "endo19")
    seed = results.info.get("seed", 0)
    return f"rb.corrupt(frame, {corruption!r}, {severity}, ids={image_id!r}, seed={seed!r}, suite={suite!r})"
