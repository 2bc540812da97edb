"""The content area of a frame: what the scope sees, within the black surround that the video processor adds."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Bytes
from robustbench_endo.corruptions.kernels.content_area.fit import fit_area, may_have_surround
from robustbench_endo.corruptions.kernels.content_area.geometry import Shape, fill_index, mask

_CACHED_FRAMES = 8
"""Areas whose geometry stays in memory although nobody holds them: one frame is often corrupted in several calls."""


class Outside(NamedTuple):
    """The pixels of a surround and of its soft edge.

    Attributes:
        pixels: int64 (N,), flat index.
        sources: int64 (N,), flat index of the pixel of the scene that fills each.
        inside: float32 (N,), share of the scene in each, in [0, 1).
    """

    pixels: Tensor
    sources: Tensor
    inside: Tensor


@dataclass(frozen=True)
class ContentArea:
    """The visible area of one frame: a rectangle with rounded corners, cut by an ellipse.

    Coordinates are pixels, with 0 at the outer edge of the first pixel. A side without surround is infinitely far
    outside, and so are the radii of a frame that no circle cuts.

    Attributes:
        height: height of the frame.
        width: width of the frame.
        left: first column inside; ``-inf`` without a bar on the left.
        top: first row inside.
        right: end of the columns inside; ``inf`` without a bar on the right.
        bottom: end of the rows inside.
        corner_x: horizontal radius of the corners; 0 for square ones.
        corner_y: vertical radius of the corners.
        center_x: column of the center of the ellipse.
        center_y: row of the center of the ellipse.
        radius_x: horizontal radius of the ellipse, ``inf`` without one. A circle in a frame that was resized to another
            aspect ratio is an ellipse.
        radius_y: vertical radius of the ellipse.
        feather: width of the soft edge.

    >>> area = ContentArea(60, 80, left=10, right=70)
    >>> area.mask()[0, 8:12]
    tensor([0., 0., 1., 1.])
    >>> area.share
    0.75
    """

    height: int
    width: int
    left: float = -math.inf
    top: float = -math.inf
    right: float = math.inf
    bottom: float = math.inf
    corner_x: float = 0.0
    corner_y: float = 0.0
    center_x: float = 0.0
    center_y: float = 0.0
    radius_x: float = math.inf
    radius_y: float = math.inf
    feather: float = 1.0

    def at_size(self, height: int, width: int) -> ContentArea:
        """The area in the same frame, resized to ``height`` and ``width``."""
        if (height, width) == (self.height, self.width):
            return self
        x, y = width / self.width, height / self.height
        horizontal = {name: getattr(self, name) * x for name in ("left", "right", "corner_x", "center_x", "radius_x")}
        vertical = {name: getattr(self, name) * y for name in ("top", "bottom", "corner_y", "center_y", "radius_y")}
        feather = max(1.0, self.feather * min(x, y))
        return replace(self, height=height, width=width, feather=feather, **horizontal, **vertical)

    def mask(self) -> Tensor:
        """float32 (H, W) in [0, 1]: 1 inside, 0 in the surround. Shared by all callers; never modify it."""
        return self._mask

    def fill_index(self) -> Tensor:
        """int64 (H, W): flat index of the pixel inside that fills each pixel. Shared by all callers; never modify it.

        Pixels inside fill themselves; those of the surround and of its soft edge take the pixel mirrored at the edge.
        """
        return self._fill_index

    @cached_property
    def _mask(self) -> Tensor:
        return torch.from_numpy(mask(self.height, self.width, self.shape()))

    @cached_property
    def _fill_index(self) -> Tensor:
        return torch.from_numpy(fill_index(self._mask.numpy(), self.shape()))

    @cached_property
    def outside(self) -> Outside:
        """The pixels that are not completely inside. Shared by all callers; never modify them."""
        inside = self._mask.flatten()
        pixels = (inside < 1).nonzero()[:, 0]
        return Outside(pixels, self._fill_index.flatten()[pixels], inside[pixels])

    @property
    def share(self) -> float:
        """Share of the frame inside."""
        return float(self.mask().mean(dtype=torch.float64))

    def shape(self) -> Shape:
        """The numbers of the geometry as the kernels take them."""
        box = (self.left, self.top, self.right, self.bottom, self.corner_x, self.corner_y)
        return (*box, self.center_x, self.center_y, self.radius_x, self.radius_y, self.feather)


def detect_content_area(image: Bytes) -> ContentArea | None:
    """Detect the content area of a frame.

    The surround is black, almost constant, touches at least two corners and ends at an edge of the shape of a circle or
    of a rectangle, which may have round corners. Everything else is scene, such as dark corners and black shafts.

    Args:
        image: uint8 (H, W, 3).

    Returns:
        The area, or None if the frame has no surround or its edge is in doubt.

    >>> import numpy as np
    >>> frame = np.full((120, 160, 3), 90, np.uint8)
    >>> detect_content_area(frame) is None
    True
    >>> frame[:, :20] = 2
    >>> detect_content_area(frame).left
    20.0
    """
    if not may_have_surround(image):
        return None
    shape = fit_area(np.ascontiguousarray(image))  # one layout: compiled once
    return None if shape is None else _shared(ContentArea(image.shape[0], image.shape[1], *shape))


def detect_content_areas(images: Tensor) -> tuple[ContentArea | None, ...]:
    """Detect the content area of each frame of a batch.

    Args:
        images: (B, 3, H, W), uint8 or floating in [0, 1], any device.

    Returns:
        The area per frame, or None, see :func:`detect_content_area`.
    """
    images = images.detach()
    rows = torch.cat([images[..., :2, :], images[..., -2:, :]], 2)
    corners = _to_bytes(torch.cat([rows[..., :2], rows[..., -2:]], 3))
    return tuple(
        detect_content_area(_to_bytes(image[None])[0]) if may_have_surround(corner) else None
        for image, corner in zip(images, corners, strict=True)
    )


def _to_bytes(images: Tensor) -> Bytes:
    if images.dtype != torch.uint8:
        images = images.float().mul(255).round().clamp(0, 255).to(torch.uint8)
    array: Bytes = images.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return array


@lru_cache(maxsize=_CACHED_FRAMES)
def _shared(area: ContentArea) -> ContentArea:
    """An equal area whose geometry may have been computed."""
    return area
