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


def mask_png(mask: Bytes, *, ignored: bool = False) -> bytes:
    """Labels uint8 (h, w) as a PNG with palette: regions tinted, outlines opaque, background and 255 clear.

    Colours repeat after eight labels; the opacity is then a little lower, so that a script can tell the labels apart.

    Args:
        ignored: 255 has an opacity of 1 in 255: nobody sees it, but a script can tell it from the background.
    """
    indices, colours, opacity = _coloured(mask)
    if ignored:
        indices[mask == IGNORE] = len(colours)
        colours, opacity = np.vstack((colours, colours[:1])), np.append(opacity, np.uint8(1))
    picture = Image.frombytes("P", mask.shape[::-1], indices.tobytes())
    picture.putpalette(colours.tobytes())
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", transparency=opacity.tobytes())
    return buffer.getvalue()


def overlaid(picture: Bytes, mask: Bytes | None) -> Bytes:
    """The picture with the mask laid over it, uint8 (h, w, 3)."""
    if mask is None:
        return picture
    fitted = np.asarray(Image.fromarray(mask).resize(picture.shape[1::-1], Image.Resampling.NEAREST))
    indices, colours, opacity = _coloured(fitted)
    share = opacity[indices][..., None] / 255
    return (picture * (1 - share) + colours[indices] * share).round().astype(np.uint8)


def _coloured(mask: Bytes) -> tuple[Bytes, Bytes, Bytes]:
    """Palette index of each pixel (h, w): 0 clear, k a region of label k, n + k its outline; colours; opacities."""
    # A palette has 256 entries: of more than 127 labels the last share theirs.
    seen = np.minimum(np.where(mask == IGNORE, 0, mask), 127)
    number = int(seen.max(initial=0))
    indices = np.where(_outline(seen), seen + number, seen).astype(np.uint8)
    labels = np.arange(1, number + 1)
    rounds = (labels - 1) // len(CLASS_COLOURS)
    listed = ["#000000", *(class_colour(int(label)) for label in (*labels, *labels))]
    colours = np.array([tuple(bytes.fromhex(colour[1:])) for colour in listed], np.uint8)
    return indices, colours, np.array([0, *(_FILL - 4 * rounds), *(_EDGE - rounds)], np.uint8)


def _outline(labels: Bytes) -> NDArray[np.bool_]:
    """Foreground pixels with a neighbour (4) of another label."""
    padded = np.pad(labels, 1, mode="edge")
    neighbours = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    inside = np.logical_and.reduce([neighbour == labels for neighbour in neighbours])
    return np.asarray((labels > 0) & ~inside, np.bool_)
