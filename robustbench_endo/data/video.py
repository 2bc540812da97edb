"""Data sets of videos: every n-th frame, with masks from a second video of the same length."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.data.base import numbered_class_names, read_class_names
from robustbench_endo.data.frame_checks import FrameScan
from robustbench_endo.data.label_map import LabelMap, UnmappedValuesError, find_label_map
from robustbench_endo.data.mask_coding import coding_problem
from robustbench_endo.data.reading import VIDEO_SUFFIXES
from robustbench_endo.data.subjects import SubjectSource, subject_of
from robustbench_endo.data.text_files import read_text
from robustbench_endo.data.video_reader import VideoReader
from robustbench_endo.errors import DataError, FrameError
from robustbench_endo.io_utils import large_file_sha256
from robustbench_endo.types import IGNORE, MASK, Sample

LEVELS_FILE = "levels.txt"

_MASK_NAME = re.compile(r"(?:^|(?<=[_\-. ]))mask(?:s)?$", re.IGNORECASE)


def is_mask_video(path: Path) -> bool:
    """Whether a file is named as a mask video.

    >>> is_mask_video(Path("op1_mask.mp4")), is_mask_video(Path("unmask.mp4"))
    (True, False)
    """
    return _MASK_NAME.search(path.stem) is not None


def mask_video_of(video: Path, masks: Mapping[str, Path]) -> Path | None:
    """The mask video of a video file, among ``masks`` of the same folder by their stems in lower case."""
    stem = video.stem.lower()
    names = (f"{stem}{separator}{word}" for separator in "_-. " for word in ("mask", "masks"))
    replaced = re.sub(r"video$", "mask", stem)
    return next((masks[name] for name in (*names, replaced) if name in masks), None)


def read_levels_file(path: Path) -> tuple[int, ...]:
    """The grey values in a levels file.

    Raises:
        DataError: a word that is not a whole number.
    """
    text = read_text(path)
    try:
        return tuple(int(word) for word in text.replace(",", " ").split())
    except ValueError as error:
        raise DataError(
            f"Expected grey values such as 0 70 160 in {path}, got {text.strip()!r}: correct it."
        ) from error


def check_levels(levels: tuple[int, ...]) -> None:
    """Raise :class:`DataError` unless they are at least two different grey values."""
    if len(set(levels)) < max(2, len(levels)) or not all(0 <= level <= 255 for level in levels):
        raise DataError(
            f"Expected at least two different grey values from 0 to 255 as the levels of the labels, got {levels}: "
            "write one per label, background first, such as 0 70 160."
        )


class FramePosition(NamedTuple):
    """Readers of a video and of its mask video, if there is one, and the number of a frame in both."""

    video: VideoReader
    mask: VideoReader | None
    number: int


@dataclass(frozen=True)
class VideoDataset:
    """Every n-th frame of a video, or of all videos in a folder.

    The masks of ``op1.mp4`` are in ``op1_mask.mp4``, those of ``video.avi`` in ``mask.avi`` (any video suffix), frame
    by frame. Ids are ``<file>#frame_000025``; the subject of a frame is its file. A subclass with targets of further
    tasks extends :meth:`_targets`.

    Args:
        path: a video file or a folder of them.
        class_names: names of the mask labels, background first; None: ``classes.txt`` in the videos' folder (one name
            per line), else as many as there are levels, else as many as the masks use.
        subject_regex: see :func:`robustbench_endo.data.subjects.subject_of`; None: the file.
        every: n; the frames are 0, n, 2 n, ...
        levels: grey value of each label, in the order of the labels, for masks whose values a codec has blurred: each
            pixel gets the label of the nearest level. None: ``levels.txt`` in the videos' folder (such as
            ``0 70 160``), else grey values are the labels, which only a lossless codec preserves.

        label_map: values of the masks and their names, such as ``0=background,150-255=tool``; None: ``labels.toml`` in
            the videos' folder. It is used instead of levels.
        assume_independent_frames: whether every frame is its own subject.

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
    label_map: str | None = None
    assume_independent_frames: bool = False

    split = None
    activities = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))
        if self.every < 1:
            raise DataError(f"Expected to take every n-th frame with n of at least 1, got {self.every}: correct it.")
        if self._levels is not None:
            check_levels(self._levels)

    @property
    def name(self) -> str:
        """The name of the file without its suffix, or of the folder."""
        return self.path.resolve().name if self.path.is_dir() else self.path.stem

    @property
    def subject_source(self) -> SubjectSource:
        """Where the subjects come from: the videos, a regular expression, or every frame is one."""
        if self.assume_independent_frames:
            return "independent frames"
        return "layout" if self.subject_regex is None else "regex"

    @cached_property
    def labels_of_values(self) -> LabelMap | None:
        """The label map of the call, else that of the folder; None where values are labels or levels."""
        label_map = find_label_map(self.label_map, self.root)
        if label_map is not None and label_map.coloured:
            raise DataError(f"Expected grey values in the label map of a video, got {label_map}: leave colours out.")
        return label_map

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
        masks = {path.stem.lower(): path for path in files if is_mask_video(path)}
        videos = [path for path in files if not is_mask_video(path)] if self.path.is_dir() else [self.path]
        if not videos:
            raise DataError(
                f"Expected videos ({', '.join(VIDEO_SUFFIXES)}) in {self.path}, got none: give the folder that "
                "contains them, or one file."
            )
        return tuple((path, mask_video_of(path, masks)) for path in videos)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the mask labels."""
        if self._given_names:
            return self._given_names
        return numbered_class_names(self._highest_label() if self._levels is None else len(self._levels) - 1)

    @property
    def classes_are_named(self) -> bool:
        """Whether the names of the classes are given, rather than counted from the largest value of the masks."""
        return self._given_names is not None or self._levels is not None

    @cached_property
    def _given_names(self) -> tuple[str, ...] | None:
        names = self.class_names or read_class_names(self.root)
        if not names and self.labels_of_values is not None:
            names = self.labels_of_values.names
        return names or None

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
        """Video file of each frame, or what the regular expression matches in its id."""
        if self.assume_independent_frames:
            return self.ids
        if self.subject_regex is None:
            return [image_id.partition("#")[0] for image_id in self.ids]
        return [subject_of(image_id, self.subject_regex) for image_id in self.ids]

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, index: int) -> Sample:
        """One frame.

        Raises:
            FrameError: it cannot be decoded.
        """
        position = self._locate(index)
        pixels = torch.from_numpy(position.video.frame(position.number)).permute(2, 0, 1).contiguous()
        targets = {task: target for task, target in self._targets(index).items() if target is not None}
        return Sample(pixels, targets, self.ids[index], self.subjects[index])

    def _targets(self, index: int) -> Mapping[str, Tensor | int | None]:
        """Task name -> target of a frame; None for a target that the frame lacks."""
        _, mask, number = self._locate(index)
        return {MASK: None if mask is None else torch.from_numpy(self._labels(mask.frame(number), mask.path))}

    def check(self, indices: Sequence[int]) -> None:
        """Check every video, and the mask of every frame, before any long computation.

        Raises:
            DataError: a mask video of another size or length, labels beyond the classes or the label map, or values of
                masks that cannot be class indices.
        """
        for image, mask in self._readers:
            if mask is not None and (image.size, image.count) != (mask.size, mask.count):
                raise DataError(
                    f"Expected a mask video of the size and length of {image.path} ({_describe(image)}), got "
                    f"{_describe(mask)} in {mask.path}: write a mask for every frame."
                )
        scan = self._scan(indices)
        if self._coding_problem(scan) and len(indices) < len(self):
            scan = self._scan(range(len(self)))
        if problem := self._coding_problem(scan):
            raise DataError(problem)

    def _coding_problem(self, scan: FrameScan) -> str | None:
        return coding_problem(scan.pixels, self.classes, named=self.classes_are_named)

    def _scan(self, indices: Sequence[int]) -> FrameScan:
        """The labels of the masks of frames."""
        scan = FrameScan(len(indices))
        for index in indices:
            _, mask, number = self._locate(index)
            if mask is None:
                continue
            try:
                labels = self._labels(mask.frame(number), mask.path)
            except UnmappedValuesError as error:
                scan.unmapped[mask.path.with_name(f"{mask.path.name}#frame_{number:06d}")] = error.values
            except FrameError:
                continue  # reported as unreadable when the frame is read
            else:
                self._check_range(labels, mask, number)
                scan.count(torch.from_numpy(labels))
        scan.refuse(self.labels_of_values)
        return scan

    def fingerprint(self, indices: Sequence[int]) -> str:
        """Hexadecimal SHA-256 over ids, subjects, levels or label map, and the content of the videos."""
        label_map = "" if self.labels_of_values is None else str(self.labels_of_values)
        digest = hashlib.sha256(f"{self._levels!r}{label_map}".encode())
        for index in indices:
            digest.update(f"{self.ids[index]}\0{self.subjects[index]}\0".encode())
        for video in sorted({bisect_right(self._ends, index) for index in indices}):
            for path in self.videos[video]:
                digest.update(b"" if path is None else bytes.fromhex(large_file_sha256(path)))
        return digest.hexdigest()

    def __getstate__(self) -> dict[str, Any]:
        """Without open videos: every process opens them itself."""
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
        if self.levels is None and self.labels_of_values is not None:
            return None
        path = self.root / LEVELS_FILE
        return read_levels_file(path) if self.levels is None and path.is_file() else self.levels

    def _locate(self, index: int) -> FramePosition:
        if not 0 <= index < len(self):
            raise IndexError(index)
        video = bisect_right(self._ends, index)
        number = (index - (self._ends[video - 1] if video else 0)) * self.every
        return FramePosition(*self._readers[video], number)

    def _labels(self, grey: NDArray[np.uint8], path: Path) -> NDArray[np.uint8]:
        """Label of each pixel: by the label map, of the nearest level, or the value itself."""
        if self._levels is not None:
            distances = np.abs(np.arange(256)[:, None] - np.array(self._levels))
            nearest: NDArray[np.uint8] = distances.argmin(1).astype(np.uint8)
            return nearest[grey]
        if self.labels_of_values is None:
            return grey
        if unmapped := self.labels_of_values.unmapped(grey):
            raise self.labels_of_values.unmapped_error(unmapped, 1, 1, path)
        return self.labels_of_values.decode(grey, self.classes)

    def _highest_label(self) -> int:
        positions = (self._locate(index) for index in range(len(self)))
        return max((_highest(mask, number) for _, mask, number in positions if mask is not None), default=0)

    def _check_range(self, labels: NDArray[np.uint8], mask: VideoReader, number: int) -> None:
        highest = int(labels[labels != IGNORE].max(initial=0))
        if highest >= len(self.classes):
            raise DataError(
                f"Expected labels from 0 to {len(self.classes) - 1} (or 255 = ignore) in {mask.path}, got {highest} in "
                f"frame {number}: write the grey value of each label to {LEVELS_FILE}, such as 0 70 160, or map the "
                "values with --label-map."
            )


def _highest(mask: VideoReader, number: int) -> int:
    try:
        grey = mask.frame(number)
    except FrameError:
        return 0  # reported as unreadable when the frame is read
    return int(grey[grey != IGNORE].max(initial=0))


def _describe(video: VideoReader) -> str:
    return f"{video.size[1]} x {video.size[0]}, {video.count} frames"
