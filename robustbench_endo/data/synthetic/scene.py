"""What is in one frame, before any pixel: view, duct, instruments, and the activity that follows from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from robustbench_endo.data.synthetic import raster as labels
from robustbench_endo.data.synthetic.instrument import Instrument, Kind, Vector
from robustbench_endo.data.synthetic.patient import Patient
from robustbench_endo.data.synthetic.raster import between
from robustbench_endo.data.synthetic.tissue import Field
from robustbench_endo.data.synthetic.vessels import Duct, draw_duct, draw_vessels
from robustbench_endo.data.synthetic.view import View, draw_view

_KINDS: tuple[Kind, ...] = ("grasper", "scissors", "suction")
_CLEARANCE = 0.075  # between parts that must not seem to touch
_TRIES = 80


@dataclass(frozen=True, eq=False)
class Scene:
    """One frame's content. Instruments are listed from the farthest to the nearest."""

    patient: Patient
    view: View
    vessels: Field
    duct: Duct
    instruments: tuple[Instrument, ...]

    @property
    def activity(self) -> int:
        """Index into :data:`labels.ACTIVITIES`, from who has the duct between the jaws."""
        holding = {tool.kind for tool in self.instruments if holds(tool, self.duct)}
        if "scissors" in holding:
            return labels.CUTTING
        return labels.GRASPING if "grasper" in holding else labels.EXPOSING


def holds(tool: Instrument, duct: Duct) -> bool:
    """Whether the point where the jaws close lies in the duct."""
    return tool.kind != "suction" and duct.distance(tool.bite[None]) < float(duct.radii.min())


def draw_scene(rng: np.random.Generator, patient: Patient, activity: int) -> Scene:
    """A frame of ``patient`` in which the instruments do ``activity``."""
    view = draw_view(rng)
    while True:
        scene = _attempt(rng, patient, view, activity)
        if scene is not None and scene.activity == activity:
            return scene


def _attempt(rng: np.random.Generator, patient: Patient, view: View, activity: int) -> Scene | None:
    duct = draw_duct(rng, patient.duct_colour, patient.duct_radius)
    tools: list[Instrument] = []
    station = between(rng, -0.18, 0.18)
    if activity == labels.CUTTING:
        tools.append(_at_duct(rng, patient, "scissors", duct, station))
        station += float(rng.choice((-1.0, 1.0))) * between(rng, 0.24, 0.34)
    if activity == labels.GRASPING or (activity == labels.CUTTING and rng.random() < 0.6):
        grasper = _at_duct(rng, patient, "grasper", duct, station)
        pull = between(rng, 0.0, 0.08) * np.array((np.cos(grasper.heading), np.sin(grasper.heading)))
        duct = duct.pulled(station, pull)
        tools.append(_moved(grasper, duct.at(station)))
    if not _apart(tools):
        return None
    idle = int(rng.integers(1, 4)) if activity == labels.EXPOSING else int(rng.integers(0, 4 - len(tools)))
    for _ in range(idle):
        _add_idle(rng, patient, duct, tools)
    return Scene(patient, view, draw_vessels(rng, 8), duct, tuple(reversed(tools))) if tools else None


def _at_duct(rng: np.random.Generator, patient: Patient, kind: Kind, duct: Duct, station: float) -> Instrument:
    nx, ny = float(rng.choice((-1.0, 1.0))) * duct.normal(station)
    heading = float(np.arctan2(ny, nx)) + between(rng, -0.5, 0.5)
    opening = between(rng, 0.55, 0.85) if kind == "scissors" else between(rng, 0.22, 0.42)
    return _tool(rng, patient, kind, duct.at(station), heading, opening)


def _add_idle(rng: np.random.Generator, patient: Patient, duct: Duct, tools: list[Instrument]) -> None:
    kind = _KINDS[int(rng.integers(3))]
    for _ in range(_TRIES):
        angle, radius = between(rng, 0.0, 2.0 * np.pi), between(rng, 0.06, 0.38)
        bite = radius * np.array((np.cos(angle), np.sin(angle)))
        opening = between(rng, 0.0, 0.12) if rng.random() < 0.5 else between(rng, 0.3, 0.8)
        tool = _tool(rng, patient, kind, bite, angle + between(rng, -0.9, 0.9), opening)
        if duct.distance(tool.head) > _CLEARANCE + float(duct.radii.max()) and _apart([*tools, tool]):
            tools.append(tool)
            return


def _tool(
    rng: np.random.Generator, patient: Patient, kind: Kind, bite: Vector, heading: float, opening: float
) -> Instrument:
    bend = 0.0 if kind == "suction" else between(rng, -0.6, 0.6)
    make = patient.makes[_KINDS.index(kind)]
    return Instrument(kind, bite, heading, bend, opening, between(rng, 1.05, 1.8), make)


def _moved(tool: Instrument, bite: Vector) -> Instrument:
    return Instrument(tool.kind, bite, tool.heading, tool.bend, tool.opening, tool.scale, tool.make)


def _apart(tools: list[Instrument]) -> bool:
    """Whether no head hides another, and no shaft hides a head."""
    for tool in tools:
        for other in tools:
            if other is tool:
                continue
            if _gap(tool.head, other.head) < _CLEARANCE or _gap(tool.head, other.stem) < 2.0 * _CLEARANCE:
                return False
    return True


def _gap(a: Vector, b: Vector) -> float:
    offsets = a[:, None] - b[None]
    return float(np.sqrt((offsets**2).sum(-1).min()))
