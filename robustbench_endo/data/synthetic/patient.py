"""Properties that the frames of one simulated patient share: tissue, light, scope, appearance of the instruments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.data.synthetic.labels import ACTIVITIES
from robustbench_endo.data.synthetic.low_frequency_noise import NoiseTable, sample_noise_table
from robustbench_endo.data.synthetic.randomness import uniform

FRAMES_PER_PATIENT = 6

Colour = NDArray[np.float64]

# Display-referred RGB of (serosa, fat, parenchyma, peritoneum); the colours of a patient are jittered around one row.
_PALETTES = np.array(
    [
        [[0.80, 0.42, 0.38], [0.90, 0.60, 0.24], [0.46, 0.17, 0.15], [0.80, 0.56, 0.48]],
        [[0.74, 0.46, 0.42], [0.84, 0.62, 0.34], [0.52, 0.27, 0.22], [0.78, 0.64, 0.56]],
        [[0.82, 0.40, 0.44], [0.92, 0.66, 0.40], [0.42, 0.13, 0.18], [0.84, 0.55, 0.58]],
        [[0.70, 0.34, 0.28], [0.86, 0.52, 0.18], [0.40, 0.15, 0.12], [0.74, 0.47, 0.36]],
    ]
)


class Tissue(NamedTuple):
    """Material and relief of the operating field; lengths in units of the image's short side.

    Attributes:
        noise: random numbers of all noise fields.
        colours: (4, 3) RGB of serosa, fat, parenchyma and peritoneum.
        mixture: (4,) cumulative shares of the four materials.
        organs: organ boundaries per unit length.
        stretch: ratio of length to width of an organ.
        folds: height of the folds.
        wetness: strength of the specular highlights.
        blood: share of the surface that is stained, 0 to 1.
    """

    noise: NoiseTable
    colours: Colour
    mixture: Colour
    organs: float
    stretch: float
    folds: float
    wetness: float
    blood: float


class Light(NamedTuple):
    """The ring light around the scope: its offset (x, y) from the lens, falloff and exposure."""

    x: float
    y: float
    falloff: float
    exposure: float


class Scope(NamedTuple):
    """Optics and camera.

    Attributes:
        x, y, radius: content circle; a radius above 1 fills the frame.
        vignette: loss of light at distance 1 from the centre.
        detail: edge enhancement of the camera minus the blur of the lens; -1 is the lens blur without enhancement.
        grain: standard deviation of the sensor noise at mid grey.
        cast: (3,) white-balance gains.
    """

    x: float
    y: float
    radius: float
    vignette: float
    detail: float
    grain: float
    cast: Colour


class InstrumentStyle(NamedTuple):
    """Appearance of one instrument: base RGB of the shaft, its gloss, whether a label is printed on it."""

    colour: tuple[float, float, float]
    gloss: float
    label: bool


class Patient(NamedTuple):
    """One operation: all properties that do not change from frame to frame.

    Attributes:
        tissue, light, scope: see their classes.
        styles: appearance of grasper, scissors and suction.
        duct_colour: RGB.
        duct_radius: in units of the frame's short side.
        schedule: activity of each frame; every activity equally often.
    """

    tissue: Tissue
    light: Light
    scope: Scope
    styles: tuple[InstrumentStyle, InstrumentStyle, InstrumentStyle]
    duct_colour: tuple[float, float, float]
    duct_radius: float
    schedule: tuple[int, ...]


_STYLES = (
    InstrumentStyle((0.10, 0.10, 0.11), 0.55, True),  # black insulated
    InstrumentStyle((0.20, 0.20, 0.21), 0.40, False),  # worn black
    InstrumentStyle((0.50, 0.50, 0.52), 0.90, True),  # bare steel
    InstrumentStyle((0.66, 0.63, 0.61), 0.55, True),  # grey plastic
    InstrumentStyle((0.42, 0.43, 0.42), 0.60, False),  # grey-green composite
    InstrumentStyle((0.62, 0.50, 0.47), 0.85, False),  # steel that reflects the tissue
)


def sample_patient(rng: np.random.Generator) -> Patient:
    """A patient, an operation and its equipment."""
    styles = [_STYLES[int(k)] for k in rng.integers(len(_STYLES), size=3)]
    pale = uniform(rng, 0.0, 1.0)
    return Patient(
        tissue=_tissue(rng),
        light=Light(
            uniform(rng, -0.25, 0.25), uniform(rng, -0.3, 0.1), uniform(rng, 0.6, 2.0), uniform(rng, 1.25, 1.75)
        ),
        scope=_scope(rng),
        styles=(styles[0], styles[1], styles[2]),
        duct_colour=(0.78 + 0.08 * pale, 0.48 + 0.24 * pale, 0.44 + 0.12 * pale),
        duct_radius=uniform(rng, 0.038, 0.062),
        schedule=tuple(int(k) % len(ACTIVITIES) for k in rng.permutation(FRAMES_PER_PATIENT)),
    )


def _tissue(rng: np.random.Generator) -> Tissue:
    palette = _PALETTES[int(rng.integers(len(_PALETTES)))]
    brightness = rng.uniform(0.88, 1.1, size=(4, 1))
    return Tissue(
        noise=sample_noise_table(rng),
        colours=np.clip(palette * brightness + rng.uniform(-0.04, 0.04, size=(4, 3)), 0.05, 0.95),
        mixture=np.cumsum(rng.dirichlet((1.6, 1.8, 1.0, 1.2))),
        organs=uniform(rng, 0.8, 1.7),
        stretch=uniform(rng, 1.1, 2.2),
        folds=uniform(rng, 0.5, 1.3),
        wetness=uniform(rng, 0.6, 1.3),
        blood=uniform(rng, 0.0, 0.35) * float(rng.random() < 0.6),
    )


def _scope(rng: np.random.Generator) -> Scope:
    circular = rng.random() < 0.6
    return Scope(
        x=uniform(rng, -0.02, 0.02),
        y=uniform(rng, -0.02, 0.02),
        radius=uniform(rng, 0.53, 0.68) if circular else 2.0,
        vignette=uniform(rng, 0.25, 0.75),
        detail=uniform(rng, -0.7, 0.4),
        grain=uniform(rng, 0.006, 0.016),
        cast=rng.uniform((0.96, 0.92, 0.88), (1.06, 1.02, 1.05)),
    )
