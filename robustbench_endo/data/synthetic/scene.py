"""Geometry of one frame: view, duct, instruments, and the activity that follows from them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from robustbench_endo.data.synthetic import labels
from robustbench_endo.data.synthetic.instrument import Instrument, Kind, Vector
from robustbench_endo.data.synthetic.patient import Patient
from robustbench_endo.data.synthetic.randomness import uniform
from robustbench_endo.data.synthetic.raster import Field
from robustbench_endo.data.synthetic.vessels import Duct, sample_duct, sample_vessels
from robustbench_endo.data.synthetic.view import View, sample_view

_KINDS: tuple[Kind, ...] = ("grasper", "scissors", "suction")
_CLEARANCE = 0.075  # between parts that must not appear to touch
_TRIES = 80


@dataclass(frozen=True, eq=False)
class Scene:
    """Content of one frame; the instruments are sorted from the farthest to the nearest."""

    patient: Patient
    view: View
    vessels: Field
    duct: Duct
    instruments: tuple[Instrument, ...]

    @property
    def activity(self) -> int:
        """Index into :data:`labels.ACTIVITIES`, determined by the instruments that have the duct between their jaws."""
        gripping = {tool.kind for tool in self.instruments if grips(tool, self.duct)}
        if "scissors" in gripping:
            return labels.CUTTING
        return labels.GRASPING if "grasper" in gripping else labels.EXPOSING


def grips(tool: Instrument, duct: Duct) -> bool:
    """Whether the point where the jaws close lies in the duct."""
    return tool.kind != "suction" and duct.distance(tool.working_point[None]) < float(duct.radii.min())


def sample_scene(rng: np.random.Generator, patient: Patient, activity: int) -> Scene:
    """A random frame of ``patient`` with an activity, an index into :data:`labels.ACTIVITIES`."""
    view = sample_view(rng)
    while True:
        scene = _sample_candidate(rng, patient, view, activity)
        if scene is not None and scene.activity == activity:
            return scene


def _sample_candidate(rng: np.random.Generator, patient: Patient, view: View, activity: int) -> Scene | None:
    duct = sample_duct(rng, patient.duct_colour, patient.duct_radius)
    tools: list[Instrument] = []
    station = uniform(rng, -0.18, 0.18)
    if activity == labels.CUTTING:
        tools.append(_at_duct(rng, patient, "scissors", duct, station))
        station += float(rng.choice((-1.0, 1.0))) * uniform(rng, 0.24, 0.34)
    if activity == labels.GRASPING or (activity == labels.CUTTING and rng.random() < 0.6):
        grasper = _at_duct(rng, patient, "grasper", duct, station)
        pull = uniform(rng, 0.0, 0.08) * np.array((np.cos(grasper.heading), np.sin(grasper.heading)))
        duct = duct.pulled(station, pull)
        tools.append(replace(grasper, working_point=duct.at(station)))
    if not _are_separate(tools):
        return None
    idle = int(rng.integers(1, 4)) if activity == labels.EXPOSING else int(rng.integers(0, 4 - len(tools)))
    for _ in range(idle):
        _add_idle(rng, patient, duct, tools)
    return Scene(patient, view, sample_vessels(rng, 8), duct, tuple(reversed(tools))) if tools else None


def _at_duct(rng: np.random.Generator, patient: Patient, kind: Kind, duct: Duct, station: float) -> Instrument:
    nx, ny = float(rng.choice((-1.0, 1.0))) * duct.normal(station)
    heading = float(np.arctan2(ny, nx)) + uniform(rng, -0.5, 0.5)
    opening = uniform(rng, 0.55, 0.85) if kind == "scissors" else uniform(rng, 0.22, 0.42)
    return _tool(rng, patient, kind, duct.at(station), heading, opening)


def _add_idle(rng: np.random.Generator, patient: Patient, duct: Duct, tools: list[Instrument]) -> None:
    kind = _KINDS[int(rng.integers(3))]
    for _ in range(_TRIES):
        angle, radius = uniform(rng, 0.0, 2.0 * np.pi), uniform(rng, 0.06, 0.38)
        working_point = radius * np.array((np.cos(angle), np.sin(angle)))
        opening = uniform(rng, 0.0, 0.12) if rng.random() < 0.5 else uniform(rng, 0.3, 0.8)
        tool = _tool(rng, patient, kind, working_point, angle + uniform(rng, -0.9, 0.9), opening)
        if duct.distance(tool.head_points) > _CLEARANCE + float(duct.radii.max()) and _are_separate([*tools, tool]):
            tools.append(tool)
            return


def _tool(
    rng: np.random.Generator, patient: Patient, kind: Kind, working_point: Vector, heading: float, opening: float
) -> Instrument:
    bend = 0.0 if kind == "suction" else uniform(rng, -0.6, 0.6)
    style = patient.styles[_KINDS.index(kind)]
    return Instrument(kind, working_point, heading, bend, opening, uniform(rng, 1.05, 1.8), style)


def _are_separate(tools: list[Instrument]) -> bool:
    """Whether no instrument hides the jaws or the wrist of another."""
    for tool in tools:
        for other in tools:
            if other is tool:
                continue
            head_gap, shaft_gap = _gap(tool.head_points, other.head_points), _gap(tool.head_points, other.shaft_points)
            if head_gap < _CLEARANCE or shaft_gap < 2.0 * _CLEARANCE:
                return False
    return True


def _gap(a: Vector, b: Vector) -> float:
    """Smallest distance between any two points (N, 2), (M, 2)."""
    offsets = a[:, None] - b[None]
    return float(np.sqrt((offsets**2).sum(-1).min()))
