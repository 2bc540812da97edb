"""Where the scope looks: from a place in the frame to a place on the patient's tissue."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from robustbench_endo.data.synthetic.raster import between, kernel


class View(NamedTuple):
    """Centre of the view on the tissue, rotation (cosine, sine), field of view, tilt away from the lens."""

    x: float
    y: float
    cosine: float
    sine: float
    zoom: float
    tilt: float


def draw_view(rng: np.random.Generator) -> View:
    """A view of some part of the patient's abdomen; the top of the frame is the far end."""
    angle = between(rng, -0.6, 0.6)
    x, y = rng.uniform(-8.0, 8.0, size=2)
    return View(
        float(x),
        float(y),
        float(np.cos(angle)),
        float(np.sin(angle)),
        between(rng, 0.75, 1.25),
        between(rng, 0.2, 0.8),
    )


@kernel
def on_tissue(view: View, sx: float, sy: float) -> tuple[float, float]:
    """The place on the tissue that is seen at (sx, sy), in units from the frame's centre, y down."""
    depth = view.zoom / (1.0 + view.tilt * sy)
    return (
        view.x + depth * (view.cosine * sx - view.sine * sy),
        view.y + depth * (view.sine * sx + view.cosine * sy),
    )
