"""Videos as data: every n-th frame, with masks from a second video beside the first."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from robustbench_endo.data.base import listed_classes, numbered_classes
from robustbench_endo.data.subjects import subject_of
from robustbench_endo.data.video_reader import VideoReader
from robustbench_endo.errors import DataError, FrameError
from robustbench_endo.types import IGNORE, Sample

LEVELS_FILE = "levels.txt"

_MASK_NAME = re.compile(r"(?:^|(?<=[_\-. ]))mask(?:s)?$", re.IGNORECASE)


def is_mask(path: Path) -> bool:
    """Is it named as a mask video?"""
    return _MASK_NAME.search(path.stem) is not None


def mask_of(video: Path, masks: dict[str, Path]) -> Path | None:
    """The mask video of a video, among those of the folder by their stems in lower case."""
    stem = video.stem.lower()
    names = (f"{stem}{gap}{word}" for gap in "_-. " for word in ("mask", "masks"))
    replaced = re.sub(r"video$", "mask", stem)
    return next((masks[name] for name in (*names, replaced) if name in masks), None)


def read_levels(file: Path) -> tuple[int, ...]:
    """The numbers in a levels file; :class:`DataError` for anything else."""
    text = file.read_text("utf-8")
    try:
        return tuple(int(word) for word in text.replace(",", " ").split())
    except ValueError as error:
        raise DataError(
            f"Expected grey values such as 0 70 160 in {file}, got {text.strip()!r}: correct it."
        ) from error


def check_levels(levels: tuple[int, ...]) -> None:
    """Raise :class:`DataError` unless they are at least two different grey values."""
    if len(set(levels)) < max(2, len(levels)) or not all(0 <= level <= 255 for level in levels):
        raise DataError(
            f"Expected at least two different grey values from 0 to 255 as the levels of the labels, got {levels}: "
            "write one a label, background first, such as 0 70 160."
        )


VIDEO_SUFFIXES = (".avi", ".mp4", ".mkv", ".mov", ".m4v", ".mpg", ".mpeg", ".webm", ".wmv", ".ts", ".mts")


@dataclass(frozen=True)
class VideoDataset:
    """Every n-th frame of a video, or of all videos in a folder.

    The masks of ``op1.mp4`` are in ``op1_mask.mp4``, those of ``video.avi`` in ``mask.avi`` (any video suffix), frame
    by frame. Ids are ``<file>#frame_000025``; the subject of a frame is its file.

    Args:
        path: a video file or a folder of them.
        class_names: names of the mask labels, background first; None: ``classes.txt`` beside the videos (a name a
            line), else as many as there are levels, else as many as the masks use.
        subject_regex: see :func:`robustbench_endo.data.subjects.subject_of`; None: the file.
        every: take the frames 0, every, 2 every, ...
        levels: grey value that stands for each label, in the order of the labels, for masks whose values a codec has
            blurred: each pixel gets the label of the nearest level. None: ``levels.txt`` beside the videos (such as
            ``0 70 160``), else grey values are the labels, which only a lossless codec keeps.

    Raises:
        DataError: no such path, no video, a file that is no video, ``every`` below 1, or levels that are not at least
            two different numbers from 0 to 255.
        OptionalDependencyError: PyAV (extra `video`) is not installed.
    """

    path: Path
    class_names: tuple[str, ...] | None = None
    subject_regex: str | None = None
    every: int = 25
    levels: tuple[int, ...] | None = None

    name = "video"
    split = None
    activities = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))
        if self.every < 1:
            raise DataError(f"Expected to take every n-th frame with n of at least 1, got {self.every}: correct it.")
        if self._levels is not None:
            check_levels(self._levels)

    @property
    def root(self) -> Path:
        """The folder that the ids are relative to."""
        return self.path if self.path.is_dir() else self.path.parent

    @cached_property
    def videos(self) -> tuple[tuple[Path, Path | None], ...]:
        """The videos, sorted by name, each with its mask video or None."""
        if not self.path.exists():
            raise DataError(f"Expected a video or a folder of videos at {self.path}, got none: check the path.")
        files = sorted(path for path in self.root.iterdir() if path.suffix.lower() in VIDEO_SUFFIXES)
        masks = {path.stem.lower(): path for path in files if is_mask(path)}
        wanted = [path for path in files if not is_mask(path)] if self.path.is_dir() else [self.path]
        if not wanted:
            raise DataError(
                f"Expected videos ({', '.join(VIDEO_SUFFIXES)}) in {self.path}, got none: give the folder that holds "
                "them, or one file."
            )
        return tuple((path, mask_of(path, masks)) for path in wanted)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the mask labels."""
        if named := self.class_names or listed_classes(self.root):
            return named
        return numbered_classes(self._highest_label() if self._levels is None else len(self._levels) - 1)

    @cached_property
    def ids(self) -> Sequence[str]:
        """``<file>#frame_<number>`` of the frames, file by file."""
        counts = np.diff([0, *self._ends])
        return [
            f"{video.name}#frame_{number * self.every:06d}"
            for (video, _), count in zip(self.videos, counts, strict=True)
            for number in range(count)
        ]

    @cached_property
    def subjects(self) -> Sequence[str]:
        """Video file of each frame, or what the regular expression finds in its id."""
        if self.subject_regex is None:
            return [image_id.partition("#")[0] for image_id in self.ids]
        return [subject_of(image_id, self.subject_regex) for image_id in self.ids]

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, index: int) -> Sample:
        """One frame; :class:`FrameError` when it cannot be decoded."""
        image, mask, number = self._place(index)
        pixels = torch.from_numpy(image.frame(number)).permute(2, 0, 1).contiguous()
        labels = None if mask is None else torch.from_numpy(self._labels(mask.frame(number)))
        return Sample.from_labels(pixels, labels, None, self.ids[index], self.subjects[index])

    def check(self, indices: Sequence[int]) -> None:
        """Look at every video, and at the mask of every frame, before any long work.

        Raises:
            DataError: a mask video of another size or length, or labels beyond the classes.
        """
        for image, mask in self._readers:
            if mask is not None and (image.size, image.count) != (mask.size, mask.count):
                raise DataError(
                    f"Expected a mask video of the size and length of {image.path} ({_shape(image)}), got "
                    f"{_shape(mask)} in {mask.path}: write a mask for every frame."
                )
        for index in indices:
            _, mask, number = self._place(index)
            if mask is not None and self._levels is None:
                self._check_labels(mask, number)

    def fingerprint(self, indices: Sequence[int]) -> str:
        """SHA-256 over ids and subjects of the frames, levels, and the content of the videos they are from."""
        digest = hashlib.sha256(repr(self._levels).encode())
        for index in indices:
            digest.update(f"{self.ids[index]}\0{self.subjects[index]}\0".encode())
        for video in sorted({bisect_right(self._ends, index) for index in indices}):
            for path in self.videos[video]:
                digest.update(b"" if path is None else _content(path))
        return digest.hexdigest()

    def __getstate__(self) -> dict[str, Any]:
        """Without open videos: every process opens its own."""
        return {name: value for name, value in self.__dict__.items() if name != "_readers"}

    @cached_property
    def _readers(self) -> list[tuple[VideoReader, VideoReader | None]]:
        return [
            (VideoReader(image, "rgb24", self.every), None if mask is None else VideoReader(mask, "gray", self.every))
            for image, mask in self.videos
        ]

    @cached_property
    def _ends(self) -> list[int]:
        """Number of frames up to and including each video."""
        return list(accumulate(-(-image.count // self.every) for image, _ in self._readers))

    @cached_property
    def _levels(self) -> tuple[int, ...] | None:
        file = self.root / LEVELS_FILE
        return read_levels(file) if self.levels is None and file.is_file() else self.levels

    def _place(self, index: int) -> tuple[VideoReader, VideoReader | None, int]:
        if not 0 <= index < len(self):
            raise IndexError(index)
        video = bisect_right(self._ends, index)
        return *self._readers[video], (index - (self._ends[video - 1] if video else 0)) * self.every

    def _labels(self, grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if self._levels is None:
            return grey
        away = np.abs(np.arange(256)[:, None] - np.array(self._levels))
        nearest: NDArray[np.uint8] = away.argmin(1).astype(np.uint8)
        return nearest[grey]

    def _highest_label(self) -> int:
        places = (self._place(index) for index in range(len(self)))
        return max((_highest(mask, number) for _, mask, number in places if mask is not None), default=0)

    def _check_labels(self, mask: VideoReader, number: int) -> None:
        if (found := _highest(mask, number)) >= len(self.classes):
            raise DataError(
                f"Expected labels from 0 to {len(self.classes) - 1} (or 255 = ignore) in {mask.path}, got {found} in "
                f"frame {number}: say which grey value each label has in {LEVELS_FILE}, such as 0 70 160."
            )


def _highest(mask: VideoReader, number: int) -> int:
    try:
        grey = mask.frame(number)
    except FrameError:
        return 0  # listed as unreadable when its turn comes
    return int(grey[grey != IGNORE].max(initial=0))


def _content(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.digest()


def _shape(video: VideoReader) -> str:
    return f"{video.size[1]} x {video.size[0]}, {video.count} frames"
