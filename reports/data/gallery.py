"""Stored frames under every condition with label maps as overlays; and the frames with the largest drops."""

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
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.results.severity import as_severity
from robustbench_endo.results.tail_risk import MAX_DROPS, largest_drops
from robustbench_endo.tasks.base import Task

if TYPE_CHECKING:
    from robustbench_endo.results import GalleryFrame, Results

Bytes = NDArray[np.uint8]

CLASS_COLOURS = ("#00d5ff", "#ffe100", "#ff4fd8", "#6dff5a", "#5b8cff", "#ffffff", "#ff9a1f", "#b06bff")
"""Labels 1, 2, ...: hues that tissue does not have, different in lightness. Label 0 (background) is transparent."""

IGNORE = 255

_FILL, _EDGE = 80, 255
"""Opacity of regions and of their outlines."""

Scores = dict[tuple[str, str, float], float]


@dataclass(frozen=True)
class GalleryImage:
    """A frame at one condition.

    Attributes:
        corruption, severity: the condition; ``clean``, 0 for the clean frame.
        image: uint8 (h, w, 3).
        target: uint8 (h, w), None without a label map.
        predictions: model -> uint8 (h, w); models without a label map are missing.
        scores: model -> score of this frame as printed, in percent.
    """

    corruption: str
    severity: float
    image: Bytes
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

    def images(self) -> Iterator[GalleryImage]:
        """All images that are not missing."""
        for row in ((self.clean, *self.recorded.values()), *self.rows.values()):
            yield from (image for image in row if image is not None)

    def labels(self) -> list[int]:
        """The foreground labels that occur in any target or prediction."""
        maps = [labels for image in self.images() for labels in (image.target, *image.predictions.values())]
        counts = sum(np.bincount(labels.ravel(), minlength=256) for labels in maps if labels is not None)
        return [int(label) for label in np.flatnonzero(counts) if label not in (0, IGNORE)]


def map_task(results: Results) -> Task | None:
    """The task whose label maps the gallery shows; None for a run without one."""
    return next((task for task in reversed(results.tasks) if task.has_label_map), None)


def frame_score_label(results: Results) -> str:
    """What the score of a single frame is called, such as ``mIoU``."""
    task = map_task(results)
    return results.metric(task.headline).label if task else ""


def class_legend(results: Results, grids: list[GalleryGrid]) -> list[tuple[str, str]]:
    """(class, hex colour) of the labels that occur in the grids."""
    task = map_task(results)
    names = results.labels[task.name] if task else []
    labels = sorted({label for grid in grids for label in grid.labels()})
    return [(names[k] if k < len(names) else f"label {k}", class_colour(k)) for k in labels]


def gallery_grid(results: Results, frame: GalleryFrame, width: int) -> GalleryGrid | None:
    """A frame's images and label maps, at most ``width`` pixels wide; None when none of them can be read."""
    scores = _scores(results, frame.image_id)

    def image(name: str, severity: float) -> GalleryImage | None:
        return _image(results, frame, name, severity, width, scores)

    rows = {name: tuple(image(name, severity) for severity in results.severities) for name in results.corruptions}
    recorded = {name: image(name, 1) for name in results.recorded_conditions}
    grid = GalleryGrid(frame.image_id, image(CLEAN, 0), rows, recorded)
    return grid if next(grid.images(), None) else None


def gallery_image(
    results: Results, frame: GalleryFrame, corruption: str, severity: float, width: int
) -> GalleryImage | None:
    """A frame at one condition, at most ``width`` pixels wide; None when the run did not store its image."""
    return _image(results, frame, corruption, severity, width, _scores(results, frame.image_id))


def _image(
    results: Results, frame: GalleryFrame, corruption: str, severity: float, width: int, scores: Scores
) -> GalleryImage | None:
    image = frame.image(corruption, severity)
    if image is None:
        return None
    target = frame.target(corruption, severity)
    predictions = {model: frame.prediction(model, corruption, severity) for model in results.models}
    return GalleryImage(
        corruption,
        severity,
        limit_width(image, width),
        None if target is None else limit_width(target, width),
        {model: limit_width(labels, width) for model, labels in predictions.items() if labels is not None},
        {model: number(scores.get((model, corruption, severity), math.nan)) for model in results.models},
    )


def _scores(results: Results, image_id: str) -> Scores:
    task = map_task(results)
    column = task.frame_column() if task else None
    if column is None:
        return {}
    # The stored images are those of the first draw.
    rows = results.frame[(results.frame["image_id"] == image_id) & (results.frame["replicate"] == 0)]
    keys = zip(rows["model"], rows["corruption"], rows["severity"], strict=True)
    return {(m, c, int(s)): 100 * float(value) for (m, c, s), value in zip(keys, rows[column], strict=True)}


@dataclass(frozen=True)
class Drop:
    """One of the largest drops of a frame's score below its own clean score.

    Attributes:
        model, corruption, severity, image_id: what dropped; the corruption as printed.
        score, clean_score: in percent, as printed.
        command: Python that reproduces the corrupted image, where ``frame`` is the clean image at the resolution of
            the suite; empty for a recorded condition.
        clean, corrupted: the images; None where the run did not store them.
    """

    model: str
    corruption: str
    severity: float
    image_id: str
    score: str
    clean_score: str
    command: str
    clean: GalleryImage | None
    corrupted: GalleryImage | None


def drops(results: Results, width: int, count: int = MAX_DROPS) -> list[Drop]:
    """The ``count`` largest drops, see :func:`.tail_risk.largest_drops`, with images at most ``width`` px wide."""
    frames = {frame.image_id: frame for frame in [*results.gallery(), *results.worst_gallery()]}
    rows = []
    for row in largest_drops(results, count).itertuples():
        name, severity, image_id = str(row.corruption), as_severity(row.severity), str(row.image_id)
        frame = frames.get(image_id)
        conditions: tuple[tuple[str, float], ...] = ((CLEAN, 0), (name, severity))
        clean, corrupted = (
            None if frame is None else gallery_image(results, frame, corruption, level, width)
            for corruption, level in conditions
        )
        rows.append(
            Drop(
                str(row.model),
                title(name),
                severity,
                image_id,
                number(100 * float(row.score)),
                number(100 * float(row.clean_score)),
                reproduction_command(results, name, severity, image_id),
                clean,
                corrupted,
            )
        )
    return rows


def reproduction_command(results: Results, corruption: str, severity: float, image_id: str) -> str:
    """The call that reproduces a corrupted image; empty for a recorded condition."""
    if corruption not in results.corruptions:
        return ""
    suite = results.info.get("suite", {}).get("name", "endo19")
    seed = results.info.get("seed", 0)
    return f"rb.corrupt(frame, {corruption!r}, {severity}, ids={image_id!r}, seed={seed!r}, suite={suite!r})"


def class_colour(label: int) -> str:
    """Hex colour of a foreground label."""
    return CLASS_COLOURS[(label - 1) % len(CLASS_COLOURS)]


def limit_width(image: Bytes, width: int) -> Bytes:
    """The image at most ``width`` pixels wide, aspect preserved; label maps (2-D) remain label maps."""
    height, current = image.shape[:2]
    if current <= width:
        return image
    size = (width, max(1, round(height * width / current)))
    method = Image.Resampling.NEAREST if image.ndim == 2 else Image.Resampling.BOX
    return np.asarray(Image.fromarray(image).resize(size, method))


def encode_jpeg(image: Bytes, quality: int = 80) -> bytes:
    """uint8 (h, w, 3) as JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def encode_label_map(labels: Bytes, *, mark_ignored: bool = False) -> bytes:
    """Labels uint8 (h, w) as a PNG with palette: regions tinted, outlines opaque, background and 255 transparent.

    Colours repeat after eight labels; the opacity is then a little lower, so that a script can distinguish the labels.

    Args:
        labels: of the pixels.
        mark_ignored: give 255 an opacity of 1 in 255: invisible, but a script can distinguish it from the background.
    """
    indices, colours, opacity = _palette_image(labels)
    if mark_ignored:
        indices[labels == IGNORE] = len(colours)
        colours, opacity = np.vstack((colours, colours[:1])), np.append(opacity, np.uint8(1))
    image = Image.frombytes("P", labels.shape[::-1], indices.tobytes())
    image.putpalette(colours.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", transparency=opacity.tobytes())
    return buffer.getvalue()


def overlay_labels(image: Bytes, labels: Bytes | None) -> Bytes:
    """The image with a label map over it, uint8 (h, w, 3); the image itself without one."""
    if labels is None:
        return image
    fitted = np.asarray(Image.fromarray(labels).resize(image.shape[1::-1], Image.Resampling.NEAREST))
    indices, colours, opacity = _palette_image(fitted)
    alpha = opacity[indices][..., None] / 255
    return (image * (1 - alpha) + colours[indices] * alpha).round().astype(np.uint8)


def _palette_image(labels: Bytes) -> tuple[Bytes, Bytes, Bytes]:
    """Palette index of each pixel (h, w): 0 clear, k a region of label k, n + k its outline; colours; opacities."""
    # A palette has 256 entries: of more than 127 labels the last ones share theirs.
    visible = np.minimum(np.where(labels == IGNORE, 0, labels), 127)
    number = int(visible.max(initial=0))
    indices = np.where(_outline(visible), visible + number, visible).astype(np.uint8)
    entries = np.arange(1, number + 1)
    rounds = (entries - 1) // len(CLASS_COLOURS)
    hex_colours = ["#000000", *(class_colour(int(label)) for label in (*entries, *entries))]
    colours = np.array([tuple(bytes.fromhex(colour[1:])) for colour in hex_colours], np.uint8)
    return indices, colours, np.array([0, *(_FILL - 4 * rounds), *(_EDGE - rounds)], np.uint8)


def _outline(labels: Bytes) -> NDArray[np.bool_]:
    """Foreground pixels with a neighbour (4) of another label."""
    padded = np.pad(labels, 1, mode="edge")
    neighbours = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    inside = np.logical_and.reduce([neighbour == labels for neighbour in neighbours])
    return np.asarray((labels > 0) & ~inside, np.bool_)
