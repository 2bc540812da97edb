"""Frames of a video by their exact number, without decoding the whole video for each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.data.video_file import opened, pyav
from robustbench_endo.data.video_index import VideoIndex
from robustbench_endo.errors import DataError, FrameError

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer

KEPT = 8
"""Decoded frames that are kept for callers whose turns are out of order: as many as evaluation reads at once."""


class VideoReader:
    """One video, for any number of threads that take turns.

    Frame numbers are places in the order of presentation, counted from 0, so neither a variable frame rate nor
    reordered (B) frames shift them. Going forward decodes on from where the reader stands; going back, or beyond a
    later keyframe, seeks to the last keyframe before the frame and decodes from there.

    Args:
        path: of the video.
        pixels: ``rgb24`` (H, W, 3) or ``gray`` (H, W), as frames are returned.
        every: frames whose number is a multiple of it are kept when they are passed.
    """

    def __init__(self, path: Path, pixels: Literal["rgb24", "gray"] = "rgb24", every: int = 1) -> None:
        self.path, self.pixels, self.every = path, pixels, every
        self._index = VideoIndex(path)
        self._lock = threading.Lock()
        self._container: InputContainer | None = None
        self._frames: Iterator[VideoFrame] = iter(())
        self._next = 0
        self._kept: dict[int, NDArray[np.uint8]] = {}

    @cached_property
    def size(self) -> tuple[int, int]:
        """(height, width); :class:`DataError` for a file that is no video."""
        with opened(self.path) as container:
            return container.streams.video[0].height, container.streams.video[0].width

    @cached_property
    def count(self) -> int:
        """How many frames the container says there are, else how many packets hold one; nothing is decoded.

        Raises:
            DataError: the file is no video, or has no frame.
        """
        with opened(self.path) as container:
            count = int(container.streams.video[0].frames) or len(self._index)
        if not count:
            raise DataError(f"Expected frames in the video {self.path}, found none: replace or remove it.")
        return count

    def frame(self, number: int) -> NDArray[np.uint8]:
        """A frame by its number.

        Raises:
            FrameError: the video is damaged there, or ends before.
        """
        with self._lock:
            if number not in self._kept:
                try:
                    self._read(number)
                except pyav().FFmpegError as error:
                    self._close()
                    raise FrameError(
                        f"Expected a whole video in {self.path}, found damage at or before frame {number} "
                        f"({error.strerror or error}): replace the video."
                    ) from error
            return self._kept[number]

    def _read(self, number: int) -> None:
        if number >= len(self._index):
            raise FrameError(
                f"Expected {self.count} frames in the video {self.path}, as it says itself, found {len(self._index)} "
                f"and no frame {number}: the file is cut off, replace it."
            )
        key = self._index.keyframe_before(number)
        if self._container is None or self._next > number or key > self._next:
            self._seek(key)
        # Some containers seek past the keyframe that they were asked for.
        if not self._scan(number) and key:
            self._seek(0)
            self._scan(number)
        if number not in self._kept:
            self._close()
            raise FrameError(
                f"Expected frame {number} in the video {self.path}, found that it cannot be decoded: replace the video."
            )

    def _scan(self, number: int) -> bool:
        for frame in self._frames:
            place = self._place(frame)
            self._next = place + 1
            if place == number or (place < number and place % self.every == 0):
                self._keep(place, frame)
            if place >= number:
                break
        return number in self._kept

    def _place(self, frame: VideoFrame) -> int:
        if not self._index.timed or frame.pts is None:
            return self._next
        return self._index.number_at(int(frame.pts))

    def _seek(self, number: int) -> None:
        self._close()
        container = opened(self.path)
        stream = container.streams.video[0]
        if number:
            container.seek(self._index.times[number], stream=stream)
        self._container, self._frames, self._next = container, container.decode(stream), number

    def _keep(self, number: int, frame: VideoFrame) -> None:
        if len(self._kept) >= KEPT:
            self._kept.pop(next(iter(self._kept)))
        # Cropped codecs pad their lines; PyAV's array is tight and a copy.
        self._kept[number] = frame.to_ndarray(format=self.pixels).astype(np.uint8, copy=False)

    def _close(self) -> None:
        if self._container is not None:
            self._container.close()
        self._container, self._frames = None, iter(())
