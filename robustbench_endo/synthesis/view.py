"""What the scope sees of a frame: all but black borders and the black corners outside the aperture."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import binary_dilation, minimum_filter
from scipy.spatial import ConvexHull, QhullError

from robustbench_endo.synthesis.arrays import Bytes, Flags

_DARK = 26
"""Highest channel value (of 255) that a black border may have: video black is 16, and a codec rings about it."""

_SPECK = 5
"""Side in pixels of the smallest bright spot that counts as picture, not as noise or print on the border."""


def field_of_view(image: Bytes) -> Flags:
    """True where the scope sees.

    A rectangle, a disc and their intersection are convex, so the view is the convex hull of all that is bright: dark
    tissue and black shafts at its edge stay inside.

    Args:
        image: uint8 (H, W, 3).

    Returns:
        bool (H, W); all True for a frame that is black altogether.
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
    picture = Image.new("1", (image.shape[1], image.shape[0]))
    ImageDraw.Draw(picture).polygon([(float(x), float(y)) for x, y in ends[hull.vertices]], fill=1, outline=1)
    # The rim that the search for specks took away is given back.
    grown: Flags = binary_dilation(np.asarray(picture, bool), np.ones((_SPECK, _SPECK), bool))
    return grown


def _row_ends(bright: Flags) -> np.ndarray:
    rows = np.flatnonzero(bright.any(axis=1))
    first = bright[rows].argmax(axis=1)
    last = bright.shape[1] - 1 - bright[rows, ::-1].argmax(axis=1)
    return np.concatenate([np.stack([first, rows], 1), np.stack([last, rows], 1)]).astype(np.float64)
