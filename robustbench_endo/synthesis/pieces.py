"""Whole instruments in a mask, and where the edge of the view cuts them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_closing, binary_dilation, distance_transform_edt, find_objects, label

from robustbench_endo.synthesis.arrays import Bytes, Flags

_SMALLEST = 0.004
"""Area of the smallest piece that is worth placing, as a share of the frame."""

_GAP = 0.01
"""Widest gap between parts of one instrument (glare, a thread, an annotator's hand), as a share of the short side."""

_RIM = 0.016
"""How near to the edge of the view a mask ends that the edge has cut, as a share of the short side."""

_EIGHT = np.ones((3, 3), bool)


@dataclass(frozen=True)
class Piece:
    """One instrument of one frame.

    Attributes:
        mask: bool (H, W) of the frame.
        cut: bool (H, W): its pixels at the edge of the view; none for a piece that ends within the view.
        through: whether the edge cuts it in more than one place, so that it cannot enter from one side alone.
    """

    mask: Flags
    cut: Flags
    through: bool

    @property
    def enters(self) -> bool:
        """Whether it comes in from one side of the view."""
        return bool(self.cut.any()) and not self.through


def pieces(labels: Bytes, view: Flags, joined: bool) -> list[Piece]:
    """The instruments of a frame, from top to bottom.

    Args:
        labels: uint8 (H, W), labels of instruments, 0 elsewhere.
        view: bool (H, W), see :func:`robustbench_endo.synthesis.view.field_of_view`.
        joined: labels are parts of an instrument, so that touching ones belong together; else each label is an
            instrument of its own.
    """
    found = [labels > 0] if joined else [labels == value for value in np.unique(labels[labels > 0])]
    rim = _rim(view)
    return [_piece(part, rim) for flags in found for part in _connected(flags)]


def labels_are_parts(masks: list[Bytes]) -> bool:
    """Whether most of the connected pieces of these masks have more than one label."""
    labels = [np.unique(mask[part]).size for mask in masks for part in _connected(mask > 0)]
    return bool(labels) and sum(count > 1 for count in labels) > len(labels) / 2


def _connected(flags: Flags) -> list[Flags]:
    height, width = flags.shape
    reach = max(1, round(_GAP * min(height, width) / 2))
    # A closing is blind at the border unless the frame goes on beyond it.
    bridged = binary_closing(np.pad(flags, reach), _EIGHT, iterations=reach)[reach:-reach, reach:-reach]
    numbered, _ = label(bridged, _EIGHT)
    found = []
    for number, window in enumerate(find_objects(numbered), 1):
        part = (numbered[window] == number) & flags[window]
        if part.sum() >= _SMALLEST * flags.size:
            whole = np.zeros_like(flags)
            whole[window] = part
            found.append(whole)
    return found


def _rim(view: Flags) -> Flags:
    """Pixels of the view near to its edge, and all beyond it."""
    inside = np.pad(view, 1)
    rim: Flags = distance_transform_edt(inside)[1:-1, 1:-1] <= max(2.0, _RIM * min(view.shape))
    return rim


def _piece(mask: Flags, rim: Flags) -> Piece:
    cut = mask & rim
    # Bits of one cut that belong together may be parted by a notch.
    numbered, count = label(binary_dilation(cut, iterations=3), _EIGHT)
    sizes = np.bincount(numbered[cut], minlength=count + 1)[1:] if count else np.zeros(1)
    return Piece(mask, cut, bool((sizes > 0.1 * max(sizes.max(), 1)).sum() > 1))
