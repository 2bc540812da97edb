"""Real frames of the realism benchmark, from a folder with smoke_pairs, endovis15, endovis18 and endovis15_video."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

Frames = Iterator[tuple[str, np.ndarray]]
"""Name and uint8 (H, W, 3) of each frame."""

SCENES = ("smoke_pairs/clear/*_0.png", "endovis15/test/*/image/*.png", "endovis18/image/seq_[67]*.png")
SCOPES = ("endovis15/train/*/image/OP2*.png", "endovis18/image/*.png")
MARGIN = 0.1
"""Share of each side that a crop leaves out: all surrounds of these data sets are outside of it."""

VIDEO_STEP = 5


def read(path: Path, short_side: int | None = None) -> np.ndarray:
    """An image as uint8 (H, W, 3), reduced to ``short_side`` if given."""
    with Image.open(path) as image:
        rgb = image.convert("RGB")
        if short_side:
            scale = short_side / min(rgb.size)
            rgb = rgb.resize((round(rgb.width * scale), round(rgb.height * scale)), Image.Resampling.LANCZOS)
        return np.array(rgb)


def scenes(data: Path, short_side: int) -> Frames:
    """Eight frames of three data sets."""
    for pattern, count in zip(SCENES, (4, 2, 2), strict=True):
        yield from ((path.name, read(path, short_side)) for path in spread(data, pattern, count))


def scopes(data: Path) -> Frames:
    """Three frames with a round surround and three with bars."""
    for pattern in SCOPES:
        yield from ((path.name, read(path)) for path in spread(data, pattern, 3))


def spread(data: Path, pattern: str, count: int) -> list[Path]:
    """``count`` of the files of a pattern, evenly distributed."""
    paths = sorted(data.glob(pattern))
    return [paths[k * len(paths) // count] for k in range(count)] if paths else []


def borderless(data: Path) -> Frames:
    """Frames without a border, and central crops of frames with one."""
    yield from ((path.name, read(path)) for path in sorted(data.glob("smoke_pairs/*/*.png")))
    for pattern in ("endovis15/*/*/image/*.png", "endovis18/image/*.png", "background/*.png"):
        yield from ((path.name, crop(read(path))) for path in sorted(data.glob(pattern)))
    yield from ((name, crop(frame)) for name, frame in video(data / "endovis15_video" / "video.avi"))


def crop(frame: np.ndarray) -> np.ndarray:
    """The frame without its margin."""
    rows, columns = (round(MARGIN * side) for side in frame.shape[:2])
    return np.ascontiguousarray(frame[rows:-rows, columns:-columns])


def video(path: Path) -> Frames:
    """Every fifth frame of a video."""
    import cv2

    capture = cv2.VideoCapture(str(path))
    for number in range(10**6):
        success, frame = capture.read()
        if not success:
            return
        if number % VIDEO_STEP == 0:
            yield f"{path.name} {number}", np.ascontiguousarray(frame[..., ::-1])
