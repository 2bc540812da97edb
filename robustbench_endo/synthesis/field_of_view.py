"""Detection of the field of view of a frame: the area within black borders or a circular aperture."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import binary_dilation, minimum_filter
from scipy.spatial import ConvexHull, QhullError

from robustbench_endo.synthesis.utils import Bytes, Flags, Points

_DARK = 26
"""Largest channel value (of 255) of a black border: video black is 16, and codecs ring around it."""

_SPECK = 5
"""Side in pixels of the smallest bright spot that belongs to the view and is no noise or text on the border."""


def field_of_view(image: Bytes) -> Flags:
    """The area that the scope sees.

    A rectangle, a disc and their intersection are convex, so the view is the convex hull of all that is bright: dark
    tissue and black shafts at its edge stay inside. The corruptions detect the view differently
    (``corruptions/occlusion/field_of_view.py``): on the device, without a hull, and without removing specks. On
    laparoscopic frames the two differ in up to 2 % of the pixels, at the edge.

    Args:
        image: uint8 (H, W, 3).

    Returns:
        bool (H, W); True everywhere for an entirely black frame.

    >>> frame = np.full((40, 60, 3), 90, np.uint8)
    >>> frame[:10] = 16
    >>> int(field_of_view(frame).sum()) == 30 * 60
    True
    """
    bright = minimum_filter(image.max(axis=2) > _DARK, size=_SPECK)
    if not bright.any():
        return np.ones(bright.shape, bool)
    # Only the first and last bright pixel of a row can be a corner of the hull.
    ends = _row_ends(bright)
    try:
        hull = ConvexHull(ends)
    except QhullError:
        return np.ones(bright.shape, bool)
    polygon = Image.new("1", (image.shape[1], image.shape[0]))
    ImageDraw.Draw(polygon).polygon([(float(x), float(y)) for x, y in ends[hull.vertices]], fill=1, outline=1)
    # Restores the rim that the removal of specks eroded.
    view: Flags = binary_dilation(np.asarray(polygon, bool), np.ones((_SPECK, _SPECK), bool))
    return view


def _row_ends(bright: Flags) -> Points:
    rows = np.flatnonzero(bright.any(axis=1))
    first = bright[rows].argmax(axis=1)
    last = bright.shape[1] - 1 - bright[rows, ::-1].argmax(axis=1)
    return np.concatenate([np.stack([first, rows], 1), np.stack([last, rows], 1)]).astype(np.float64)
