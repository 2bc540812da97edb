"""An instrument cut out of its frame, clean at the edges and ready to be moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.ndimage import binary_closing, binary_dilation, binary_erosion, distance_transform_edt, find_objects, label

from robustbench_endo.synthesis.utils import Bytes, Flags, Floats, Points

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
        view: bool (H, W), see :func:`robustbench_endo.synthesis.utils.field_of_view`.
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


_CORE = 0.005
"""How far from its edge an instrument's colours are its own (no halo of tissue), as a share of the short side."""

_INSET = 0.001
"""How far inside the annotated edge the new edge lies, as a share of the short side."""

_SOFT = 0.005
"""Width of the soft edge, as a share of the short side."""

_MARGIN = 0.02

_CUT_POINTS, _BODY_POINTS = 64, 500


class Origin(NamedTuple):
    """Where a cut-out comes from: the frame's id and subject, its activity's name, and which of its pieces."""

    frame: str
    subject_id: str
    activity: str | None
    piece: int


@dataclass(frozen=True)
class Cutout:
    """Colours, opacity and labels of an instrument at the scale of the pictures to be made.

    Attributes:
        image: uint8 (h, w, 3); around the instrument its own colours go on, so that no tissue mixes in.
        alpha: uint8 (h, w), 255 = opaque.
        labels: uint8 (h, w), the data set's, continued around the instrument, too.
        cut: float64 (n, 2), x and y of points where the edge of the view has cut it; empty if nowhere.
        body: float64 (m, 2), points spread over it evenly.
        tissue: float32 (3,), mean colour in [0, 1] of the tissue in its frame.
        sharpness: of its frame, see :func:`robustbench_endo.synthesis.harmonization.sharpness_ladder`.
    """

    image: Bytes
    alpha: Bytes
    labels: Bytes
    cut: Points
    body: Points
    tissue: Floats
    sharpness: tuple[float, ...]
    origin: Origin


class Source(NamedTuple):
    """What all cut-outs of a frame share: uint8 (H, W, 3), uint8 (H, W), mean colour of the tissue, sharpness."""

    image: Bytes
    labels: Bytes
    tissue: Floats
    sharpness: tuple[float, ...]


def cut_out(source: Source, piece: Piece, factor: float, origin: Origin) -> Cutout:
    """The piece of a frame, resized by ``factor``."""
    short = min(piece.mask.shape)
    window = _window(piece.mask, round(_MARGIN * short) + 2)
    mask = piece.mask[window]
    closed = binary_closing(np.pad(mask, 2), iterations=2)[2:-2, 2:-2]
    image, labels = _continued(source.image[window], source.labels[window], mask, closed, _CORE * short)
    size = tuple(max(1, round(side * factor)) for side in mask.shape)
    scales = np.array([size[1] / mask.shape[1], size[0] / mask.shape[0]])
    return Cutout(
        _resized(image, size, Image.Resampling.BICUBIC),
        _resized(_opacity(closed, short), size, Image.Resampling.BICUBIC),
        _resized(labels, size, Image.Resampling.NEAREST),
        _points(piece.cut[window], _CUT_POINTS) * scales,
        _points(mask, _BODY_POINTS) * scales,
        source.tissue,
        source.sharpness,
        origin,
    )


def _window(mask: Flags, margin: int) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(0, int(rows[0]) - margin), int(rows[-1]) + 1 + margin),
        slice(max(0, int(columns[0]) - margin), int(columns[-1]) + 1 + margin),
    )


def _continued(image: Bytes, labels: Bytes, mask: Flags, closed: Flags, depth: float) -> tuple[Bytes, Bytes]:
    """Colours from within the instrument, outwards; labels outwards. Parts too thin to have a core keep their own."""
    core = binary_erosion(np.pad(mask, 1, mode="edge"), iterations=max(1, round(depth)))[1:-1, 1:-1]
    thin = mask & (distance_transform_edt(~core) > 2 * depth + 1) if core.any() else mask
    sure = core | thin
    nearest = distance_transform_edt(~sure, return_distances=False, return_indices=True)
    named = distance_transform_edt(~(mask & (labels > 0)), return_distances=False, return_indices=True)
    return image[tuple(nearest)], labels[tuple(named)]


def _opacity(mask: Flags, short: int) -> Bytes:
    """255 inside, 0 outside, linear in the distance from the edge between."""
    # Where the frame ends the instrument goes on: its edge there is none.
    padded = np.pad(mask, 8, mode="edge")
    # The edge runs between pixels, half a pixel from the centres of its neighbours.
    within, beyond = distance_transform_edt(padded) - 0.5, distance_transform_edt(~padded) - 0.5
    depth = np.where(padded, within, -beyond)
    ramp = (depth - _INSET * short) / max(_SOFT * short, 1.5) + 0.5
    opacity: Bytes = np.rint(255 * np.clip(ramp, 0, 1)).astype(np.uint8)[8:-8, 8:-8]
    return opacity


def _resized(pixels: Bytes, size: tuple[int, ...], how: Image.Resampling) -> Bytes:
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize((size[1], size[0]), how))


def _points(flags: Flags, count: int) -> Points:
    """At most ``count`` points of a region, every n-th in reading order."""
    rows, columns = np.nonzero(flags)
    chosen = np.linspace(0, max(len(rows) - 1, 0), min(count, len(rows))).round().astype(int)
    return np.stack([columns[chosen], rows[chosen]], axis=1).astype(np.float64)
