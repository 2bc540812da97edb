"""One kept frame under every condition, with the true mask and what each model made of it."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_endo.reports.formatting import number, title
from robustbench_endo.results.tail_risk import KEPT, largest_drops

if TYPE_CHECKING:
    from robustbench_endo.results import GalleryFrame, Results


CLASS_COLOURS = ("#00d5ff", "#ffe100", "#ff4fd8", "#6dff5a", "#5b8cff", "#ffffff", "#ff9a1f", "#b06bff")
"""Labels 1, 2, ...: hues that tissue does not have, apart in lightness. Label 0 (background) stays clear."""

IGNORE = 255

_FILL, _EDGE = 80, 255


def class_colour(label: int) -> str:
    """Hex colour of a foreground label."""
    return CLASS_COLOURS[(label - 1) % len(CLASS_COLOURS)]


def shrunk(picture: Bytes, width: int) -> Bytes:
    """At most ``width`` pixels wide, aspect kept; labels (2-D) stay labels."""
    height, current = picture.shape[:2]
    if current <= width:
        return picture
    size = (width, max(1, round(height * width / current)))
    method = Image.Resampling.NEAREST if picture.ndim == 2 else Image.Resampling.BOX
    return np.asarray(Image.fromarray(picture).resize(size, method))


def jpeg(picture: Bytes, quality: int = 80) -> bytes:
    """uint8 (h, w, 3) as JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def mask_png(mask: Bytes, *, ignored: bool = False) -> bytes:
    """Labels uint8 (h, w) as a PNG with palette: regions tinted, outlines opaque, background and 255 clear.

    Colours repeat after eight labels; the opacity is then a little lower, so that a script can tell the labels apart.

    Args:
        ignored: 255 has an opacity of 1 in 255: nobody sees it, but a script can tell it from the background.
    """
    indices, colours, opacity = _coloured(mask)
    if ignored:
        indices[mask == IGNORE] = len(colours)
        colours, opacity = np.vstack((colours, colours[:1])), np.append(opacity, np.uint8(1))
    picture = Image.frombytes("P", mask.shape[::-1], indices.tobytes())
    picture.putpalette(colours.tobytes())
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", transparency=opacity.tobytes())
    return buffer.getvalue()


def overlaid(picture: Bytes, mask: Bytes | None) -> Bytes:
    """The picture with the mask laid over it, uint8 (h, w, 3)."""
    if mask is None:
        return picture
    fitted = np.asarray(Image.fromarray(mask).resize(picture.shape[1::-1], Image.Resampling.NEAREST))
    indices, colours, opacity = _coloured(fitted)
    share = opacity[indices][..., None] / 255
    return (picture * (1 - share) + colours[indices] * share).round().astype(np.uint8)


def _coloured(mask: Bytes) -> tuple[Bytes, Bytes, Bytes]:
    """Palette index of each pixel (h, w): 0 clear, k a region of label k, n + k its outline; colours; opacities."""
    # A palette has 256 entries: of more than 127 labels the last share theirs.
    seen = np.minimum(np.where(mask == IGNORE, 0, mask), 127)
    number = int(seen.max(initial=0))
    indices = np.where(_outline(seen), seen + number, seen).astype(np.uint8)
    labels = np.arange(1, number + 1)
    rounds = (labels - 1) // len(CLASS_COLOURS)
    listed = ["#000000", *(class_colour(int(label)) for label in (*labels, *labels))]
    colours = np.array([tuple(bytes.fromhex(colour[1:])) for colour in listed], np.uint8)
    return indices, colours, np.array([0, *(_FILL - 4 * rounds), *(_EDGE - rounds)], np.uint8)


def _outline(labels: Bytes) -> NDArray[np.bool_]:
    """Foreground pixels with a neighbour (4) of another label."""
    padded = np.pad(labels, 1, mode="edge")
    neighbours = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    inside = np.logical_and.reduce([neighbour == labels for neighbour in neighbours])
    return np.asarray((labels > 0) & ~inside, np.bool_)


Bytes = NDArray[np.uint8]

Scores = dict[tuple[str, str, int], float]


@dataclass(frozen=True)
class GalleryImage:
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
class GalleryGrid:
    """A frame under all conditions, corruptions by severity and recorded conditions; a missing one is None."""

    image_id: str
    clean: GalleryImage | None
    rows: Mapping[str, tuple[GalleryImage | None, ...]]
    recorded: Mapping[str, GalleryImage | None] = field(default_factory=dict)

    def shots(self) -> Iterator[GalleryImage]:
        """Every shot there is."""
        yield from (
            shot
            for row in ((self.clean, *self.recorded.values()), *self.rows.values())
            for shot in row
            if shot is not None
        )

    def labels(self) -> list[int]:
        """The foreground labels that occur in any mask."""
        masks = [mask for shot in self.shots() for mask in (shot.target, *shot.predictions.values())]
        counts = sum(np.bincount(mask.ravel(), minlength=256) for mask in masks if mask is not None)
        return [int(label) for label in np.flatnonzero(counts) if label not in (0, IGNORE)]


def gallery_grid(results: Results, frame: GalleryFrame, width: int) -> GalleryGrid | None:
    """The frame's pictures and masks, at most ``width`` pixels wide; None when none of them can be read."""
    scores = _scores(results, frame.image_id)

    def shot(name: str, severity: int) -> GalleryImage | None:
        return _shot(results, frame, name, severity, width, scores)

    rows = {name: tuple(shot(name, severity) for severity in results.severities) for name in results.corruptions}
    recorded = {name: shot(name, 1) for name in results.recorded_conditions}
    made = GalleryGrid(frame.image_id, shot("clean", 0), rows, recorded)
    return made if next(made.shots(), None) else None


def shot_of(results: Results, frame: GalleryFrame, corruption: str, severity: int, width: int) -> GalleryImage | None:
    """The frame at one condition, at most ``width`` pixels wide; None when the run did not keep its picture."""
    return _shot(results, frame, corruption, severity, width, _scores(results, frame.image_id))


def _shot(
    results: Results, frame: GalleryFrame, corruption: str, severity: int, width: int, scores: Scores
) -> GalleryImage | None:
    picture = frame.image(corruption, severity)
    if picture is None:
        return None
    target = frame.target(corruption, severity)
    masks = {model: frame.prediction(model, corruption, severity) for model in results.models}
    return GalleryImage(
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
    """The ``count`` deepest falls, see :func:`.tail_risk.largest_drops`; empty without masks."""
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
        for row in largest_drops(results.frame, count).itertuples()
    ]


def worst_shots(
    results: Results, width: int, count: int = KEPT
) -> list[tuple[GalleryImage | None, GalleryImage | None]]:
    """For each of :func:`worst_frames` its clean and its corrupted picture, None where the run did not keep it."""
    kept = {frame.image_id: frame for frame in [*results.gallery(), *results.worst_gallery()]}
    found: list[tuple[GalleryImage | None, GalleryImage | None]] = []
    for row in largest_drops(results.frame, count).itertuples():
        frame = kept.get(str(row.image_id))
        conditions = (("clean", 0), (str(row.corruption), int(row.severity)))
        clean, damaged = (None if frame is None else shot_of(results, frame, *at, width) for at in conditions)
        found.append((clean, damaged))
    return found


def regenerating(results: Results, corruption: str, severity: int, image_id: str) -> str:
    """The call that makes the picture again; empty for a recorded condition, which is a picture of its own."""
    if corruption not in results.corruptions:
        return ""
    suite = results.info.get("suite", {}).get("name", "endo19")
    seed = results.info.get("seed", 0)
    return f"rb.corrupt(frame, {corruption!r}, {severity}, ids={image_id!r}, seed={seed!r}, suite={suite!r})"
