"""Exact access to the frames of a video by number, without decoding the video from its beginning each time."""

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

CACHED_FRAMES = 8
"""Decoded frames in memory for callers that read out of order: as many as the evaluation reads at once."""


def open_video(path: Path) -> InputContainer:
    """A container with at least one video stream, to be closed by the caller.

    Raises:
        DataError: no such file, or no video.
        OptionalDependencyError: PyAV (extra `video`) is not installed.
    """
    av = import_av()
    try:
        container: InputContainer = av.open(str(path))
    except FileNotFoundError as error:
        raise DataError(f"Cannot open the video {path}: no such file. Check the path.") from error
    except (av.FFmpegError, OSError) as error:
        raise DataError(
            f"Cannot open the video {path}: not a video in a known format ({error.strerror or error}). Replace or "
            "remove it."
        ) from error
    if not container.streams.video:
        container.close()
        raise DataError(f"Expected a video in {path}, got a file without video stream: replace or remove it.")
    return container


def import_av() -> ModuleType:
    """The module ``av``.

    Raises:
        OptionalDependencyError: it is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise OptionalDependencyError(
            "Cannot read videos: PyAV is not installed. Install robustbench-endo[video]."
        ) from error
    return av


class Packet(NamedTuple):
    """Times of presentation and of decoding in the time base of the stream, and whether decoding can start here."""

    pts: int | None
    dts: int | None
    is_key: bool


class VideoIndex:
    """Numbers and times of the frames of a video; frames are numbered from 0 in the order of presentation."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __len__(self) -> int:
        return len(self.packets)

    @cached_property
    def packets(self) -> list[Packet]:
        """One per frame, in the order of decoding, up to where the file is damaged."""
        packets: list[Packet] = []
        with open_video(self.path) as container:
            try:
                for packet in container.demux(container.streams.video[0]):
                    if packet.size and not packet.is_discard:
                        packets.append(Packet(packet.pts, packet.dts, bool(packet.is_keyframe)))
            except import_av().FFmpegError:
                return packets
        return packets

    @cached_property
    def times(self) -> list[int]:
        """Presentation times of all frames, ascending."""
        return sorted(packet.pts for packet in self.packets if packet.pts is not None)

    @cached_property
    def keyframes(self) -> list[int]:
        """Numbers of the frames from which decoding can start, ascending."""
        if not self.has_presentation_times:
            return [0]
        numbers = {time: number for number, time in enumerate(self.times)}
        return sorted(numbers[packet.pts] for packet in self.packets if packet.is_key and packet.pts is not None)

    @cached_property
    def has_presentation_times(self) -> bool:
        """Whether the times define the order of presentation.

        AVI numbers its packets in the order of decoding only: where a codec may reorder frames, they have to be
        counted from the beginning as they come out of the decoder.
        """
        with open_video(self.path) as container:
            reorders = bool(container.streams.video[0].codec_context.has_b_frames)
        delays = {
            None if packet.pts is None or packet.dts is None else packet.pts - packet.dts for packet in self.packets
        }
        return len(set(self.times)) == len(self.packets) and not (reorders and len(delays) == 1)

    def number_at(self, time: int) -> int:
        """The number of the frame that is presented at a time."""
        return bisect.bisect_left(self.times, time)

    def keyframe_before(self, number: int) -> int:
        """The last frame from which decoding reaches a frame."""
        position = bisect.bisect_right(self.keyframes, number) - 1
        return self.keyframes[position] if position >= 0 else 0


class VideoReader:
    """One video, which any number of threads may read.

    Frames are numbered from 0 in the order of presentation, so neither a variable frame rate nor reordered (B) frames
    shift the numbers. To go forward, the reader decodes on from its position; to go backward, or beyond a later
    keyframe, it seeks to the last keyframe before the frame and decodes from there.

    Args:
        path: of the video.
        pixels: ``rgb24`` (H, W, 3) or ``gray`` (H, W), the format of the returned frames.
        every: decoded frames whose number is a multiple of it are cached.
    """

    def __init__(self, path: Path, pixels: Literal["rgb24", "gray"] = "rgb24", every: int = 1) -> None:
        self.path, self.pixels, self.every = path, pixels, every
        self._index = VideoIndex(path)
        self._lock = threading.Lock()
        self._container: InputContainer | None = None
        self._frames: Iterator[VideoFrame] = iter(())
        self._next = 0
        self._cache: dict[int, NDArray[np.uint8]] = {}

    @cached_property
    def size(self) -> tuple[int, int]:
        """(height, width); :class:`DataError` for a file that is no video."""
        with open_video(self.path) as container:
            return container.streams.video[0].height, container.streams.video[0].width

    @cached_property
    def count(self) -> int:
        """Number of frames by the container's header, else number of packets with a frame; nothing is decoded.

        Raises:
            DataError: the file is no video, or has no frame.
        """
        with open_video(self.path) as container:
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
            if number not in self._cache:
                try:
                    self._read(number)
                except import_av().FFmpegError as error:
                    self._close()
                    raise FrameError(
                        f"Cannot decode frame {number} of the video {self.path}: damage at or before it "
                        f"({error.strerror or error}). Replace the video."
                    ) from error
            return self._cache[number]

    def _read(self, number: int) -> None:
        if number >= len(self._index):
            raise FrameError(
                f"Cannot read frame {number} of the video {self.path}: the file is cut off after {len(self._index)} of "
                f"the {self.count} frames in its header. Replace the video."
            )
        key = self._index.keyframe_before(number)
        if self._container is None or self._next > number or key > self._next:
            self._seek(key)
        # Some containers seek past the requested keyframe.
        if not self._scan(number) and key:
            self._seek(0)
            self._scan(number)
        if number not in self._cache:
            self._close()
            raise FrameError(
                f"Cannot decode frame {number} of the video {self.path}: the decoder skips it. Replace the video."
            )

    def _scan(self, number: int) -> bool:
        """Decode up to a frame; whether it is now in the cache."""
        for frame in self._frames:
            current = self._number_of(frame)
            self._next = current + 1
            if current == number or (current < number and current % self.every == 0):
                self._store(current, frame)
            if current >= number:
                break
        return number in self._cache

    def _number_of(self, frame: VideoFrame) -> int:
        if not self._index.has_presentation_times or frame.pts is None:
            return self._next
        return self._index.number_at(int(frame.pts))

    def _seek(self, number: int) -> None:
        self._close()
        container = open_video(self.path)
        stream = container.streams.video[0]
        if number:
            container.seek(self._index.times[number], stream=stream)
        self._container, self._frames, self._next = container, container.decode(stream), number

    def _store(self, number: int, frame: VideoFrame) -> None:
        if len(self._cache) >= CACHED_FRAMES:
            self._cache.pop(next(iter(self._cache)))
        # Cropped codecs pad their lines; PyAV's array is tight and a copy.
        self._cache[number] = frame.to_ndarray(format=self.pixels).astype(np.uint8, copy=False)

    def _close(self) -> None:
        if self._container is not None:
            self._container.close()
        self._container, self._frames = None, iter(())
