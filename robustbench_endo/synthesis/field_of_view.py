"""The field of view of a frame: the area within its black surround."""

from __future__ import annotations

import numpy as np

from robustbench_endo.corruptions.content_area import detect_content_area
from robustbench_endo.synthesis.utils import Bytes, Flags


def field_of_view(image: Bytes) -> Flags:
    """The area that the scope sees, see :func:`~robustbench_endo.corruptions.content_area.detect_content_area`.

    Args:
        image: uint8 (H, W, 3).

    Returns:
        bool (H, W); True everywhere for a frame without a surround. The soft edge belongs to the surround.

    >>> frame = np.full((40, 60, 3), 90, np.uint8)
    >>> frame[:10] = 16
    >>> int(field_of_view(frame).sum()) == 30 * 60
    True
    """
    area = detect_content_area(image)
    return np.ones(image.shape[:2], bool) if area is None else area.mask().numpy() == 1
