"""What a video file says of its frames, read without decoding one."""

from __future__ import annotations

import bisect
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from robustbench_endo.data.video_file import opened, pyav


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
