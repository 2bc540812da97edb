"""View of the scope: mapping from positions in the frame to positions on the patient's tissue."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from robustbench_endo.data.synthetic.randomness import uniform
from robustbench_endo.data.synthetic.raster import strict_njit


class View(NamedTuple):
    """Centre of the view on the tissue, rotation (cosine, sine), field of view, tilt away from the lens."""

    x: float
    y: float
    cosine: float
    sine: float
    zoom: float
    tilt: float


def sample_view(rng: np.random.Generator) -> View:
    """A random view of the patient's abdomen; the top of the frame is the far end."""
    angle = uniform(rng, -0.6, 0.6)
    x, y = rng.uniform(-8.0, 8.0, size=2)
    return View(
        float(x),
        float(y),
        float(np.cos(angle)),
        float(np.sin(angle)),
        uniform(rng, 0.75, 1.25),
        uniform(rng, 0.2, 0.8),
    )


@strict_njit
def frame_to_tissue(view: View, sx: float, sy: float) -> tuple[float, float]:
    """The position on the tissue that is visible at (sx, sy) in the frame."""
    depth = view.zoom / (1.0 + view.tilt * sy)
    return (
        view.x + depth * (view.cosine * sx - view.sine * sy),
        view.y + depth * (view.sine * sx + view.cosine * sy),
    )
