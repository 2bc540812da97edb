"""Cut-outs: the instruments of a frame as connected components, with clean edges and soft opacity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.ndimage import binary_closing, binary_dilation, binary_erosion, distance_transform_edt, find_objects, label

from robustbench_endo.synthesis.utils import Bytes, Flags, Floats, Points, resize

_MIN_AREA = 0.004
"""Area of the smallest component that is used, as a share of the frame."""

_GAP = 0.01
"""Widest gap between parts of one instrument (glare, thread, inexact annotation), as a share of the short side."""

_RIM = 0.016
"""Largest distance of a mask that is cut by the edge of the view from that edge, as a share of the short side."""

_EIGHT_CONNECTED = np.ones((3, 3), bool)


@dataclass(frozen=True)
class Component:
    """One instrument of one frame.

    Attributes:
        mask: bool (H, W) of the frame.
        cut: bool (H, W): its pixels at the edge of the view; empty for a component within the view.
        crosses: whether the edge cuts it in several positions, so that it cannot enter from one side.
    """

    mask: Flags
    cut: Flags
    crosses: bool

    @property
    def enters(self) -> bool:
        """Whether it enters from one side of the view."""
        return bool(self.cut.any()) and not self.crosses


def find_instruments(labels: Bytes, view: Flags, merge_labels: bool) -> list[Component]:
    """The instruments of a frame as connected components.

    Args:
        labels: uint8 (H, W), labels of instruments, 0 elsewhere.
        view: bool (H, W), see :func:`robustbench_endo.synthesis.field_of_view.field_of_view`.
        merge_labels: labels are parts of an instrument, so that touching ones belong together; else each label is an
            instrument.
    """
    masks = [labels > 0] if merge_labels else [labels == value for value in np.unique(labels[labels > 0])]
    rim = _rim(view)
    return [_describe(part, rim) for mask in masks for part in _components(mask)]


def labels_are_parts(masks: Sequence[Bytes]) -> bool:
    """Whether most connected components of masks have more than one label."""
    counts = [np.unique(mask[part]).size for mask in masks for part in _components(mask > 0)]
    return bool(counts) and sum(count > 1 for count in counts) > len(counts) / 2


def _components(mask: Flags) -> list[Flags]:
    """Connected components, after gaps are bridged, without small ones."""
    height, width = mask.shape
    reach = max(1, round(_GAP * min(height, width) / 2))
    # A closing has no effect at the border unless the frame is padded.
    bridged = binary_closing(np.pad(mask, reach), _EIGHT_CONNECTED, iterations=reach)[reach:-reach, reach:-reach]
    numbered, _ = label(bridged, _EIGHT_CONNECTED)
    components = []
    for number, window in enumerate(find_objects(numbered), 1):
        part = (numbered[window] == number) & mask[window]
        if part.sum() >= _MIN_AREA * mask.size:
            component = np.zeros_like(mask)
            component[window] = part
            components.append(component)
    return components


def _rim(view: Flags) -> Flags:
    """Pixels of the view near its edge, and all outside it."""
    inside = np.pad(view, 1)
    rim: Flags = distance_transform_edt(inside)[1:-1, 1:-1] <= max(2.0, _RIM * min(view.shape))
    return rim


def _describe(mask: Flags, rim: Flags) -> Component:
    cut = mask & rim
    # A notch may separate parts of one cut.
    numbered, count = label(binary_dilation(cut, iterations=3), _EIGHT_CONNECTED)
    sizes = np.bincount(numbered[cut], minlength=count + 1)[1:] if count else np.zeros(1)
    return Component(mask, cut, bool((sizes > 0.1 * max(sizes.max(), 1)).sum() > 1))


_CORE = 0.005
"""Distance from the edge at which an instrument's colours contain no tissue, as a share of the short side."""

_INSET = 0.001
"""Distance of the new edge inside the annotated one, as a share of the short side."""

_SOFT = 0.005
"""Width of the soft edge, as a share of the short side."""

_MARGIN = 0.02
"""Margin of a cut-out around the instrument, as a share of the short side."""

_CUT_POINTS, _BODY_POINTS = 64, 500


class Origin(NamedTuple):
    """Source of a cut-out: id and subject of the frame, name of its activity, number of the component."""

    frame: str
    subject_id: str
    activity: str | None
    piece: int


@dataclass(frozen=True)
class Cutout:
    """Colours, opacity and labels of an instrument at the scale of the synthesized images.

    Attributes:
        image: uint8 (h, w, 3); around the instrument its colours continue, so that no tissue is mixed in.
        alpha: uint8 (h, w), 255 = opaque.
        labels: uint8 (h, w), the data set's labels, which also continue around the instrument.
        cut: float64 (n, 2), x and y of points where the edge of the view cuts it; empty if nowhere.
        body: float64 (m, 2), points evenly distributed over it.
        tissue: float32 (3,), mean colour in [0, 1] of the tissue in its frame.
        sharpness: of its frame, see :func:`robustbench_endo.synthesis.harmonization.sharpness_ladder`.
        origin: frame and component.
    """

    image: Bytes
    alpha: Bytes
    labels: Bytes
    cut: Points
    body: Points
    tissue: Floats
    sharpness: tuple[float, ...]
    origin: Origin


class SourceFrame(NamedTuple):
    """Properties that all cut-outs of a frame share.

    Attributes:
        image: uint8 (H, W, 3).
        labels: uint8 (H, W), labels of instruments.
        tissue: float32 (3,), mean colour of the tissue in [0, 1].
        sharpness: see :func:`robustbench_endo.synthesis.harmonization.sharpness_ladder`.
    """

    image: Bytes
    labels: Bytes
    tissue: Floats
    sharpness: tuple[float, ...]


def cut_out(source: SourceFrame, component: Component, factor: float, origin: Origin) -> Cutout:
    """Cut an instrument out of its frame and resize it by ``factor``."""
    short = min(component.mask.shape)
    window = _window(component.mask, round(_MARGIN * short) + 2)
    mask = component.mask[window]
    closed = binary_closing(np.pad(mask, 2), iterations=2)[2:-2, 2:-2]
    image, labels = _extend(source.image[window], source.labels[window], mask, _CORE * short)
    size = tuple(max(1, round(side * factor)) for side in mask.shape)
    scales = np.array([size[1] / mask.shape[1], size[0] / mask.shape[0]])
    return Cutout(
        resize(image, size, Image.Resampling.BICUBIC),
        resize(_opacity(closed, short), size, Image.Resampling.BICUBIC),
        resize(labels, size, Image.Resampling.NEAREST),
        _sample_points(component.cut[window], _CUT_POINTS) * scales,
        _sample_points(mask, _BODY_POINTS) * scales,
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


def _extend(image: Bytes, labels: Bytes, mask: Flags, depth: float) -> tuple[Bytes, Bytes]:
    """Colours from the core of the instrument and its labels, extended outwards.

    Parts too thin to have a core keep their colours.
    """
    core = binary_erosion(np.pad(mask, 1, mode="edge"), iterations=max(1, round(depth)))[1:-1, 1:-1]
    thin = mask & (distance_transform_edt(~core) > 2 * depth + 1) if core.any() else mask
    reliable = core | thin
    nearest = distance_transform_edt(~reliable, return_distances=False, return_indices=True)
    nearest_label = distance_transform_edt(~(mask & (labels > 0)), return_distances=False, return_indices=True)
    return image[tuple(nearest)], labels[tuple(nearest_label)]


def _opacity(mask: Flags, short: int) -> Bytes:
    """255 inside, 0 outside, linear in the distance from the edge in between."""
    # An instrument continues beyond the border of the frame and has no edge there.
    padded = np.pad(mask, 8, mode="edge")
    # The edge runs between pixels, half a pixel from the centres of its neighbours.
    inner, outer = distance_transform_edt(padded) - 0.5, distance_transform_edt(~padded) - 0.5
    depth = np.where(padded, inner, -outer)
    ramp = (depth - _INSET * short) / max(_SOFT * short, 1.5) + 0.5
    opacity: Bytes = np.rint(255 * np.clip(ramp, 0, 1)).astype(np.uint8)[8:-8, 8:-8]
    return opacity


def _sample_points(mask: Flags, count: int) -> Points:
    """At most ``count`` points of a region, evenly selected in reading order."""
    rows, columns = np.nonzero(mask)
    selected = np.linspace(0, max(len(rows) - 1, 0), min(count, len(rows))).round().astype(int)
    return np.stack([columns[selected], rows[selected]], axis=1).astype(np.float64)
