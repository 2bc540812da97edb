"""Frames and masks as small files: JPEG for a picture, a transparent PNG for a mask that is laid over it."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bytes = NDArray[np.uint8]

CLASS_COLOURS = ("#00d5ff", "#ffe100", "#ff4fd8", "#6dff5a", "#5b8cff", "#ffffff", "#ff9a1f", "#b06bff")
"""Labels 1, 2, ...: hues that tissue does not have, apart in lightness. Label 0 (background) stays clear."""

IGNORE = 255
_FILL, _EDGE = 80, 255


def class_colour(label: int) -> str:
    """Hex colour of a foreground label."""
    return CLASS_COLOURS[(label - 1) % len(CLASS_COLOURS)]


def shrunk(picture: Bytes, width: int) -> Bytes:
    """At most ``width`` pixels wide, aspect kept; labels (2-D) stay labels."""
    height, current = picture.shape[:2]
    if current <= width:
        return picture
    size = (width, max(1, round(height * width / current)))
    method = Image.Resampling.NEAREST if picture.ndim == 2 else Image.Resampling.BOX
    return np.asarray(Image.fromarray(picture).resize(size, method))


def jpeg(picture: Bytes, quality: int = 80) -> bytes:
    """uint8 (h, w, 3) as JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def mask_png(mask: Bytes) -> bytes:
    """Labels uint8 (h, w) as a PNG with palette: regions tinted, outlines opaque, background and 255 clear."""
    picture = Image.frombytes("P", mask.shape[::-1], _indices(mask).tobytes())
    colours, opacity = _palette()
    picture.putpalette(colours.tobytes())
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", transparency=opacity.tobytes())
    return buffer.getvalue()


def overlaid(picture: Bytes, mask: Bytes | None) -> Bytes:
    """The picture with the mask laid over it, uint8 (h, w, 3)."""
    if mask is None:
        return picture
    fitted = np.asarray(Image.fromarray(mask).resize(picture.shape[1::-1], Image.Resampling.NEAREST))
    indices = _indices(fitted)
    colours, opacity = _palette()
    share = opacity[indices][..., None] / 255
    return (picture * (1 - share) + colours[indices] * share).round().astype(np.uint8)


def _indices(mask: Bytes) -> Bytes:
    """Palette index of each pixel: 0 clear, k a region of the k-th colour, k + 8 its outline."""
    seen = np.where(mask == IGNORE, 0, mask)
    colour = np.where(seen > 0, (seen - 1) % len(CLASS_COLOURS) + 1, 0)
    return np.where(_outline(seen), colour + len(CLASS_COLOURS), colour).astype(np.uint8)


def _outline(labels: Bytes) -> NDArray[np.bool_]:
    """Foreground pixels with a neighbour (4) of another label."""
    padded = np.pad(labels, 1, mode="edge")
    neighbours = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    inside = np.logical_and.reduce([neighbour == labels for neighbour in neighbours])
    return np.asarray((labels > 0) & ~inside, np.bool_)


def _palette() -> tuple[Bytes, Bytes]:
    number = len(CLASS_COLOURS)
    colours = np.zeros((2 * number + 1, 3), np.uint8)
    colours[1:] = [tuple(bytes.fromhex(colour[1:])) for colour in CLASS_COLOURS * 2]
    return colours, np.array([0, *[_FILL] * number, *[_EDGE] * number], np.uint8)
