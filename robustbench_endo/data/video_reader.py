"""Frames of a video by their exact number, without decoding the whole video for each."""

from __future__ import annotations

import bisect
import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.errors import DataError, FrameError, OptionalDependencyError

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer


def opened(path: Path) -> InputContainer:
    """A container with at least one stream of pictures, to be closed by the caller.

    Raises:
        DataError: no such file, or no video.
        OptionalDependencyError: PyAV (extra `video`) is not installed.
    """
    av = pyav()
    try:
        container: InputContainer = av.open(str(path))
    except FileNotFoundError as error:
        raise DataError(f"Expected a video in {path}, got no such file: check the path.") from error
    except (av.FFmpegError, OSError) as error:
        raise DataError(
            f"Expected a video in {path}, got a file that no decoder knows ({error.strerror or error}): replace or "
            "remove it."
        ) from error
    if not container.streams.video:
        container.close()
        raise DataError(f"Expected a video in {path}, got a file without pictures: replace or remove it.")
    return container


def pyav() -> ModuleType:
    """The module ``av``; :class:`OptionalDependencyError` where it is not installed."""
    try:
        import av
    except ImportError as error:
        raise OptionalDependencyError(
            "Expected PyAV to read videos, got it not installed: install robustbench-endo[video]."
        ) from error
    return av


class Packet(NamedTuple):
    """Times of presentation and of decoding in the time base of the stream, and whether decoding can start here."""

    shown: int | None
    decoded: int | None
    is_key: bool


class VideoIndex:
    """Numbers and times of the frames of a video; a frame's number is its place in the order of presentation."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __len__(self) -> int:
        return len(self.packets)

    @cached_property
    def packets(self) -> list[Packet]:
        """One a frame, in the order of decoding, up to where the file is damaged."""
        packets: list[Packet] = []
        with opened(self.path) as container:
            try:
                for packet in container.demux(container.streams.video[0]):
                    if packet.size and not packet.is_discard:
                        packets.append(Packet(packet.pts, packet.dts, bool(packet.is_keyframe)))
            except pyav().FFmpegError:
                return packets
        return packets

    @cached_property
    def times(self) -> list[int]:
        """Presentation times of all frames, ascending."""
        return sorted(packet.shown for packet in self.packets if packet.shown is not None)

    @cached_property
    def keyframes(self) -> list[int]:
        """Numbers of the frames from which decoding can start, ascending."""
        if not self.timed:
            return [0]
        place = {time: number for number, time in enumerate(self.times)}
        return sorted(place[packet.shown] for packet in self.packets if packet.is_key and packet.shown is not None)

    @cached_property
    def timed(self) -> bool:
        """Do the times tell the order of presentation?

        AVI numbers its packets in the order of decoding alone: where a codec may reorder frames, they have to be
        counted from the beginning as they come out of the decoder.
        """
        with opened(self.path) as container:
            reorders = bool(container.streams.video[0].codec_context.has_b_frames)
        delays = {
            None if packet.shown is None or packet.decoded is None else packet.shown - packet.decoded
            for packet in self.packets
        }
        return len(set(self.times)) == len(self.packets) and not (reorders and len(delays) == 1)

    def number_at(self, time: int) -> int:
        """The number of the frame shown at a time."""
        return bisect.bisect_left(self.times, time)

    def keyframe_before(self, number: int) -> int:
        """The last frame from which decoding reaches a frame."""
        place = bisect.bisect_right(self.keyframes, number) - 1
        return self.keyframes[place] if place >= 0 else 0


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
            raise DataError(f"Expected frames in the video {self.path}, got none: replace or remove it.")
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
                        f"Expected a whole video in {self.path}, got damage at or before frame {number} "
                        f"({error.strerror or error}): replace the video."
                    ) from error
            return self._kept[number]

    def _read(self, number: int) -> None:
        if number >= len(self._index):
            raise FrameError(
                f"Expected {self.count} frames in the video {self.path}, as it says itself, got {len(self._index)} "
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
                f"Expected frame {number} in the video {self.path}, got that it cannot be decoded: replace the video."
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
