"""From a scene to a frame and its mask, at any size: the same scene at another size is the same picture."""

from __future__ import annotations

import numpy as np

from robustbench_endo.data.synthetic import raster as labels
from robustbench_endo.data.synthetic.camera import photograph
from robustbench_endo.data.synthetic.instrument import Instrument
from robustbench_endo.data.synthetic.instrument_shapes import paint_jaw, paint_shaft, paint_tube, paint_wrist
from robustbench_endo.data.synthetic.lighting import cast_shadows, light_tissue
from robustbench_endo.data.synthetic.raster import Field, Mask
from robustbench_endo.data.synthetic.scene import Scene, holds
from robustbench_endo.data.synthetic.tissue import paint_tissue
from robustbench_endo.data.synthetic.vessels import embed_duct, paint_vessels, trace_duct


def render(scene: Scene, size: tuple[int, int], sensor: np.random.Generator) -> tuple[Mask, Mask]:
    """The frame uint8 (3, H, W) and the mask uint8 (H, W) of ``scene``.

    Args:
        scene: what to draw.
        size: (H, W) in pixels.
        sensor: gives the camera's grain.
    """
    rgb, depth = _tissue(scene, size)
    mask = np.where(depth >= 0.0, np.uint8(labels.DUCT), np.uint8(labels.BACKGROUND))
    before = np.clip(0.5 + depth * min(size), 0.0, 1.0)
    for tool in scene.instruments:
        hidden = before if holds(tool, scene.duct) else np.zeros_like(before)
        _instrument(scene, tool, rgb, mask, hidden)
    return photograph(rgb, mask, scene.patient.scope, sensor), mask


def _tissue(scene: Scene, size: tuple[int, int]) -> tuple[Field, Field]:
    """Lit RGB (H, W, 3) of everything but the instruments, and the signed depth (H, W) in the duct."""
    patient, duct = scene.patient, scene.duct
    height, gloss, crease, along = (np.empty(size) for _ in range(4))
    albedo, depth = np.empty((*size, 3)), np.full(size, -np.inf)
    paint_tissue(patient.tissue, scene.view, height, albedo, gloss, crease)
    paint_vessels(scene.vessels, albedo)
    trace_duct(duct.points, duct.radii, depth, along)
    embed_duct(patient.tissue.lattice, duct.colour, duct.radii, depth, along, height, albedo, gloss, crease)
    shadow = cast_shadows(scene.instruments, patient.light, size)
    return light_tissue(patient.light, scene.view.tilt, height, albedo, gloss, crease, shadow), depth


def _instrument(scene: Scene, tool: Instrument, rgb: Field, mask: Mask, hidden: Field) -> None:
    """Far jaw (behind the duct that it holds), shaft, near jaw, wrist; or sleeve and tube of a suction."""
    light, lattice = scene.patient.light, scene.patient.tissue.lattice
    jaws, wrist, tube = tool.jaws, tool.wrist, tool.tube
    if tube is not None:
        paint_tube(rgb, mask, lattice, light, tube)
    if jaws:
        paint_jaw(rgb, mask, light, jaws[0], hidden)
    paint_shaft(rgb, mask, lattice, light, tool.shaft, tool.make)
    if jaws:
        paint_jaw(rgb, mask, light, jaws[1], np.zeros_like(hidden))
    if wrist is not None:
        paint_wrist(rgb, mask, light, wrist)
