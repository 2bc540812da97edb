"""Videos whose frames contain their own number."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

BITS = 10
SIDE = 16


def numbered_image(number: int) -> np.ndarray:
    """The number in binary: one bright or dark square per bit, which survives any codec."""
    bits = np.array([number >> bit & 1 for bit in range(BITS)], np.uint8)
    line = np.repeat(200 * bits + 20, SIDE)
    return np.repeat(np.broadcast_to(line, (48, BITS * SIDE))[..., None], 3, axis=2)


def number_in(image: np.ndarray) -> int:
    """The number in an image of :func:`numbered_image`."""
    centres = image[24, SIDE // 2 :: SIDE].mean(-1) > 120
    return int(sum(1 << bit for bit in range(BITS) if centres[bit]))


def write_video(
    path: Path, images, codec="libx264", pixels="yuv420p", times=None, source="rgb24", **options: str
) -> Path:
    """A video of the images; ``times`` in milliseconds make the frame rate variable."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        images = list(images)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = pixels
        if times is not None:
            stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format=source)
            if times is not None:
                frame.pts = times[number]
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


VIDEOS = {
    "h264.mp4": {"g": "12", "bf": "3"},
    "open_gop.mkv": {"g": "12", "bf": "3", "x264-params": "open-gop=1:keyint=12"},
    "one_keyframe.mp4": {"g": "999", "sc_threshold": "0"},
    "reordered.avi": {"g": "12", "bf": "3"},
    "mpeg4.avi": {"codec": "mpeg4", "g": "12"},
    "mpeg4.mp4": {"codec": "mpeg4", "g": "10", "bf": "2"},
    "lossless.mkv": {"codec": "ffv1", "pixels": "bgr0"},
    "stream.ts": {"g": "15", "bf": "2"},
}


@pytest.fixture(scope="session")
def videos(tmp_path_factory) -> dict[str, Path]:
    """Name -> video of 130 numbered frames, in several codecs and containers."""
    folder = tmp_path_factory.mktemp("videos")
    images = [numbered_image(number) for number in range(130)]
    return {name: write_video(folder / name, images, **options) for name, options in VIDEOS.items()}


@pytest.fixture(scope="session")
def numbered() -> SimpleNamespace:
    """``image(number)``, ``number_in(image)`` and the number of bits and side of their squares."""
    return SimpleNamespace(image=numbered_image, number_in=number_in, bits=BITS, side=SIDE)


@pytest.fixture(scope="session")
def make_video() -> Callable[..., Path]:
    """The function ``write_video``."""
    return write_video
