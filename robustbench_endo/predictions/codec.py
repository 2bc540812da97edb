"""Label maps as indexed PNG and logits as float16, each as bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_endo.errors import RunError

Bytes = NDArray[np.uint8]

CLASS_COLOURS = ("#00d5ff", "#ffe100", "#ff4fd8", "#6dff5a", "#5b8cff", "#ffffff", "#ff9a1f", "#b06bff")
"""Labels 1, 2, ...: hues that tissue does not have, different in lightness. They repeat; label 0 is black."""

_HALF_MAX = float(np.finfo(np.float16).max)


def encode_label_map(labels: Bytes) -> bytes:
    """A label map as a PNG with palette, whose pixel values are the labels: lossless.

    Args:
        labels: uint8 (H, W).

    >>> labels = np.array([[0, 1], [255, 2]], np.uint8)
    >>> bool((decode_label_map(encode_label_map(labels)) == labels).all())
    True
    """
    image = Image.frombytes("P", labels.shape[::-1], np.ascontiguousarray(labels).tobytes())
    image.putpalette(_PALETTE[: 3 * (int(labels.max(initial=0)) + 1)])
    buffer = io.BytesIO()
    # Palettes of other lengths would make Pillow choose fewer bits per pixel, which not every reader knows.
    image.save(buffer, "PNG", compress_level=6, bits=8)
    return buffer.getvalue()


def encode_gray(labels: Bytes) -> bytes:
    """A label map as a gray PNG, for tools that replace the values of a palette by its colours."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(labels)).save(buffer, "PNG")
    return buffer.getvalue()


def decode_label_map(png: bytes) -> Bytes:
    """The labels of :func:`encode_label_map`, uint8 (H, W).

    Raises:
        RunError: other bytes.
    """
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
            if image.mode != "P":
                raise ValueError(f"a PNG of mode {image.mode}, not with a palette")
            return np.asarray(image, np.uint8)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise RunError(
            f"Cannot read a stored label map: {error}. Run the same robust-endo evaluate again, which stores it."
        ) from error


def encode_logits(logits: NDArray[np.floating]) -> bytes:
    """Logits as float16 in C order; what float16 cannot hold becomes its largest number.

    >>> decode_logits(encode_logits(np.array([[1.5, 1e6]])), (1, 2)).tolist()
    [[1.5, 65504.0]]
    """
    finite = np.clip(logits, -_HALF_MAX, _HALF_MAX)  # NaN stays
    return np.ascontiguousarray(finite.astype(np.float16)).tobytes()


def decode_logits(content: bytes, shape: Sequence[int]) -> NDArray[np.float16]:
    """The logits of :func:`encode_logits`.

    Raises:
        RunError: bytes that do not have this shape.
    """
    try:
        return np.frombuffer(content, np.float16).reshape(tuple(shape))
    except ValueError as error:
        raise RunError(
            f"Cannot read stored logits: {error}. Run the same robust-endo evaluate again, which stores them."
        ) from error


def _palette() -> bytes:
    colours = [bytes.fromhex(CLASS_COLOURS[(label - 1) % len(CLASS_COLOURS)][1:]) for label in range(1, 256)]
    return bytes(3) + b"".join(colours)


_PALETTE = _palette()
