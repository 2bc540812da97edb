"""Video compression by H.264 or H.265."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Region
from robustbench_endo.corruptions.errors import CorruptionError, OptionalDependencyError
from robustbench_endo.corruptions.kernels.backend import Bytes
from robustbench_endo.corruptions.rng import Noise
from robustbench_endo.corruptions.surgical.codec_frames import Planes, from_planes_420, round_trip, to_planes_420

_MOTION = 0  # stream
_FRAMES = 4  # of the clip: one I frame, three P frames
_REACH = 2  # largest movement from frame to frame along each axis, in pixels of the chroma
_MACROBLOCK = 16  # pixels
_PRESET = "veryfast"  # of x264 and x265: a recorder codes in real time
_FRAME_RATE = 25  # frames/s of the stream of a bit rate, with one I frame per second
_RATE_PIXELS = 1920 * 1080  # pixels of a frame of that stream
_P_SHARE = 0.033  # bits of a P frame over those of an I frame of one bit per pixel, in a laparoscopic video
_HIGHEST_CRF = 51.0
_RATE_STEPS = 8  # bisections: to 0.2 CRF
_ENCODERS = {
    "libx264": {"x264-params": "rc-lookahead=0:bframes=0:scenecut=0:threads=1:sync-lookahead=0"},
    "libx265": {"x265-params": "pools=none:frame-threads=1:wpp=0:bframes=0:scenecut=0:log-level=none"},
}


@dataclass(frozen=True)
class VideoCompressionParams:
    """Parameters of :class:`VideoCompression`.

    Attributes:
        crf: constant rate factor of x264 or x265, 0 (best) to 51; not used with a bit rate.
        codec: encoder of FFmpeg that takes a constant rate factor, such as ``libx264`` or ``libx265``.
        bitrate: kbit/s of a stream of 1920 x 1080 pixels at 25 frames/s; frames of other sizes get the same number of
            bits per pixel. 0: the constant rate factor.
    """

    crf: Annotated[float, "CRF"]
    codec: Annotated[str, "encoder of FFmpeg"] = "libx264"
    bitrate: Annotated[float, "kbit/s"] = 0.0


@dataclass(frozen=True)
class VideoCompression(Corruption):
    """The last frame of a short clip, coded as one I frame and P frames at a constant rate factor or bit rate.

    The clip is the still image, moved from frame to frame by a few whole pixels in a direction that is drawn for the
    frame, so that the codec predicts and quantises residuals as in a video. The last frame is not moved. The encoder
    runs in one thread without lookahead: the result depends on the image and the release of the encoder only.

    A bit rate is that of a stream with one I frame per second, whose P frames take a share of the bits of their I frame
    that grows with the square root of its bits per pixel, as in a laparoscopic video. The rate factor at which the
    I frame of the image fits is found by bisection; it is 51 if the rate is lower than the encoder can code.

    The encoder runs on the host: a batch on a GPU is copied there and back once.

    >>> VideoCompression().severities[2]
    VideoCompressionParams(crf=38.0, codec='libx264', bitrate=0.0)
    """

    name: ClassVar[str] = "video_compression"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = "Operations are recorded and streamed as H.264 or H.265 at a few Mbit/s."
    citation: ClassVar[str] = (
        "ITU-T H.264, H.265; Kumcu et al., SPIE Medical Imaging 2014 (H.264 laparoscopic video at 1.8 to 19.5 Mbit/s)."
    )
    bounded: ClassVar[bool] = True

    severities: tuple[VideoCompressionParams, ...] = (
        VideoCompressionParams(28.0),
        VideoCompressionParams(33.0),
        VideoCompressionParams(38.0),
        VideoCompressionParams(43.0),
        VideoCompressionParams(48.0),
    )
    region: Region = "frame"

    def apply(self, images: Tensor, params: VideoCompressionParams, noise: Noise) -> Tensor:
        """The last frame of the decoded clip of each of ``images``.

        Raises:
            OptionalDependencyError: PyAV is not installed.
            CorruptionError: the installed FFmpeg lacks the encoder.
        """
        host = noise.host  # where the frames are moved and coded
        return round_trip(images, lambda frame, index: compress(frame, params, host.item(index)))

    def apply_bytes(
        self, frame: NDArray[np.uint8], params: VideoCompressionParams, noise: Noise
    ) -> NDArray[np.uint8] | None:
        """:meth:`apply` to 8-bit levels, which are what the codec takes."""
        return compress(np.ascontiguousarray(frame), params, noise)


def compress(frame: Bytes, params: VideoCompressionParams, noise: Noise) -> Bytes:
    """The last frame of the decoded clip made of ``frame`` (H, W, 3)."""
    av = _import_av()
    height, width = frame.shape[:2]
    # Whole macroblocks, and four of them at least: the encoders need no padding of their own.
    rows, columns = (max(-(-side // _MACROBLOCK) * _MACROBLOCK, 4 * _MACROBLOCK) for side in (height, width))
    padded = np.pad(frame, ((0, rows - height), (0, columns - width), (0, 0)), mode="edge")
    motion = (noise.integers(2 * _REACH + 1, (2,), _MOTION)[0] - _REACH).tolist()
    planes = to_planes_420(padded)
    if params.bitrate > 0:
        params = replace(params, crf=_rate_factor(av, params, planes))
    last = _last_of_clip(av, _encoder(av, params, (rows, columns)), planes, motion)
    return np.ascontiguousarray(from_planes_420(last)[:height, :width])


def stream_rate(bits: float, pixels: int) -> float:
    """Bit rate of a stream by its I frames, in kbit/s at the size and frame rate of :class:`VideoCompressionParams`.

    Args:
        bits: of an I frame.
        pixels: of the frame.

    >>> round(stream_rate(1e6, 1920 * 1080))
    1550
    """
    share = _P_SHARE * math.sqrt(bits / pixels)
    return bits / pixels * _RATE_PIXELS / 1000 * (1 + (_FRAME_RATE - 1) * share)


def _rate_factor(av: Any, params: VideoCompressionParams, planes: Planes) -> float:
    """The lowest rate factor at which an I frame of the planes is one of a stream of at most the bit rate."""
    low, high = 0.0, _HIGHEST_CRF
    for _ in range(_RATE_STEPS):
        middle = (low + high) / 2
        encoder = _encoder(av, replace(params, crf=middle), planes[0].shape)
        packets = encoder.encode(_clip_frame(av, planes, [0, 0])) + encoder.encode(None)
        rate = stream_rate(8 * sum(packet.size for packet in packets), planes[0].size)
        low, high = (middle, high) if rate > params.bitrate else (low, middle)
    return high


def _last_of_clip(av: Any, encoder: Any, planes: Planes, motion: list[int]) -> Planes:
    decoder = av.CodecContext.create(encoder.codec.canonical_name, "r")
    decoder.thread_count = 1
    packets = []
    for index in range(_FRAMES):
        image = _clip_frame(av, planes, [step * (_FRAMES - 1 - index) for step in motion])
        image.pts = index
        packets += encoder.encode(image)
    packets += encoder.encode(None)
    last = ([image for packet in packets for image in decoder.decode(packet)] + decoder.decode(None))[-1]
    y, cb, cr = (_plane(plane) for plane in last.planes)
    return y, cb, cr


def _clip_frame(av: Any, planes: Planes, steps: list[int]) -> Any:
    """The planes, moved by ``steps`` pixels of the chroma along x and y."""
    image = av.VideoFrame(planes[0].shape[1], planes[0].shape[0], "yuv420p")
    for target, plane, factor in zip(image.planes, planes, (2, 1, 1), strict=True):
        rows = (np.arange(plane.shape[0]) + factor * steps[1]).clip(0, plane.shape[0] - 1)
        columns = (np.arange(plane.shape[1]) + factor * steps[0]).clip(0, plane.shape[1] - 1)
        lines = np.zeros((target.height, target.line_size), np.uint8)
        lines[:, : target.width] = plane[rows][:, columns]
        target.update(lines)
    return image


def _plane(plane: Any) -> Bytes:
    lines: Bytes = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
    return lines


def _encoder(av: Any, params: VideoCompressionParams, size: tuple[int, int]) -> Any:
    if params.codec not in _ENCODERS or params.codec not in av.codecs_available:
        usable = " or ".join(name for name in _ENCODERS if name in av.codecs_available)
        raise CorruptionError(
            "Corruption video_compression: expected an encoder of the installed FFmpeg with a constant rate factor, "
            f"got {params.codec!r}: use {usable or 'a build of PyAV with libx264'}."
        )
    encoder = av.CodecContext.create(params.codec, "w")
    encoder.height, encoder.width = size
    encoder.pix_fmt, encoder.time_base, encoder.framerate = "yuv420p", Fraction(1, 25), Fraction(25)
    encoder.thread_count, encoder.gop_size, encoder.max_b_frames = 1, 250, 0
    encoder.options = {"crf": f"{params.crf:g}", "preset": _PRESET, **_ENCODERS[params.codec]}
    return encoder


def _import_av() -> Any:
    try:
        import av
    except ImportError as error:
        raise OptionalDependencyError(
            "Expected PyAV for the corruption video_compression, got an installation without it: "
            "install robustbench-endo[video]."
        ) from error
    return av
