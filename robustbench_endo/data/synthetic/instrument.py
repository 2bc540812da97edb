"""Geometry of instruments: shaft, wrist and jaws, independent of pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.data.synthetic import labels
from robustbench_endo.data.synthetic.patient import InstrumentStyle

Kind = Literal["grasper", "scissors", "suction"]
Vector = NDArray[np.float64]

_FAR = 2.5


class Rod(NamedTuple):
    """A straight part: start (x, y), unit direction (ux, uy), length, radius at the start and its growth per unit."""

    x: float
    y: float
    ux: float
    uy: float
    length: float
    radius: float
    growth: float


class Jaw(NamedTuple):
    """One jaw from its hinge (x, y) along (ux, uy); its outer edge is towards ``side`` * (-uy, ux)."""

    x: float
    y: float
    ux: float
    uy: float
    length: float
    width: float
    side: float
    label: int


@dataclass(frozen=True, eq=False)
class Instrument:
    """One instrument in view; lengths in units of the image's short side, angles in radians.

    Attributes:
        kind: type of its tip.
        working_point: (2,) where its jaws close, or the end of a suction tube.
        heading: direction from the working point to the hinge.
        bend: angle of the wrist: the shaft has the direction ``heading + bend``.
        opening: angle between the jaws.
        scale: size; larger for an instrument nearer to the lens.
        style: appearance of the shaft.
    """

    kind: Kind
    working_point: Vector
    heading: float
    bend: float
    opening: float
    scale: float
    style: InstrumentStyle

    @cached_property
    def jaw_length(self) -> float:
        """Length of the jaws, or of the tube of a suction."""
        return self.scale * {"grasper": 0.17, "scissors": 0.15, "suction": 0.24}[self.kind]

    @cached_property
    def hinge(self) -> Vector:
        """Axis of the jaws; for a suction, the end of the sleeve around the tube."""
        reach = {"grasper": 0.72, "scissors": 0.60, "suction": 1.0}[self.kind]
        return self.working_point + reach * self.jaw_length * _unit(self.heading)

    @cached_property
    def shaft(self) -> Rod:
        """From the wrist to the trocar, widening towards the lens."""
        start = self.hinge + self._wrist_length * _unit(self.heading + 0.5 * self.bend)
        out = _unit(self.heading + self.bend)
        return Rod(start[0], start[1], out[0], out[1], _FAR, 0.047 * self.scale, 0.055 * self.scale)

    @cached_property
    def wrist(self) -> Rod | None:
        """Between hinge and shaft; a suction tube has none."""
        if self.kind == "suction":
            return None
        out = _unit(self.heading + 0.5 * self.bend)
        return Rod(self.hinge[0], self.hinge[1], out[0], out[1], self._wrist_length, 0.037 * self.scale, 0.0)

    @cached_property
    def tube(self) -> Rod | None:
        """The metal tube of a suction."""
        if self.kind != "suction":
            return None
        out = _unit(self.heading)
        x, y = self.working_point
        return Rod(x, y, out[0], out[1], 1.06 * self.jaw_length, 0.027 * self.scale, 0.0)

    @cached_property
    def jaws(self) -> tuple[Jaw, ...]:
        """The jaw behind the tissue, then the one in front of it; none for a suction."""
        if self.kind == "suction":
            return ()
        label = labels.GRASPER if self.kind == "grasper" else labels.SCISSORS
        width = self.scale * (0.036 if self.kind == "grasper" else 0.030)
        directions = [(side, _unit(self.heading + np.pi + side * 0.5 * self.opening)) for side in (-1.0, 1.0)]
        hinge = self.hinge
        return tuple(Jaw(hinge[0], hinge[1], u[0], u[1], self.jaw_length, width, side, label) for side, u in directions)

    @cached_property
    def head_points(self) -> Vector:
        """(M, 2) points on the jaws and the wrist, which other instruments must not hide."""
        tips = [np.array((j.x + j.length * j.ux, j.y + j.length * j.uy)) for j in self.jaws] or [self.working_point]
        start = np.array((self.shaft.x, self.shaft.y))
        steps = np.linspace(0.0, 1.0, 7)[:, None]
        return np.concatenate([self.hinge + steps * (end - self.hinge) for end in (*tips, start)])

    @cached_property
    def shaft_points(self) -> Vector:
        """(M, 2) points along the part of the shaft that can be in view."""
        shaft, steps = self.shaft, np.linspace(0.0, 1.5, 31)
        return np.stack((shaft.x + steps * shaft.ux, shaft.y + steps * shaft.uy), axis=1)

    @cached_property
    def _wrist_length(self) -> float:
        return 0.0 if self.kind == "suction" else 0.085 * self.scale


def _unit(angle: float) -> Vector:
    return np.array((float(np.cos(angle)), float(np.sin(angle))))
