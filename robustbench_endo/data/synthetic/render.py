"""Rendering of a scene to a frame and its mask, at any size."""

from __future__ import annotations

import numpy as np

from robustbench_endo.data.synthetic import labels
from robustbench_endo.data.synthetic.camera import apply_camera
from robustbench_endo.data.synthetic.instrument import Instrument
from robustbench_endo.data.synthetic.instrument_shapes import paint_jaw, paint_shaft, paint_tube, paint_wrist
from robustbench_endo.data.synthetic.lighting import cast_shadows, light_tissue
from robustbench_endo.data.synthetic.raster import Field, Mask
from robustbench_endo.data.synthetic.scene import Scene, grips
from robustbench_endo.data.synthetic.tissue import paint_tissue
from robustbench_endo.data.synthetic.vessels import embed_duct, paint_vessels, trace_duct


def render(scene: Scene, size: tuple[int, int], sensor: np.random.Generator) -> tuple[Mask, Mask]:
    """The frame uint8 (3, H, W) and the mask uint8 (H, W) of ``scene``.

    Args:
        scene: geometry and appearance.
        size: (H, W) in pixels.
        sensor: random numbers of the sensor noise.
    """
    rgb, depth = _render_tissue(scene, size)
    mask = np.where(depth >= 0.0, np.uint8(labels.DUCT), np.uint8(labels.BACKGROUND))
    duct_coverage = np.clip(0.5 + depth * min(size), 0.0, 1.0)
    for tool in scene.instruments:
        hidden = duct_coverage if grips(tool, scene.duct) else np.zeros_like(duct_coverage)
        _render_instrument(scene, tool, rgb, mask, hidden)
    return apply_camera(rgb, mask, scene.patient.scope, sensor), mask


def _render_tissue(scene: Scene, size: tuple[int, int]) -> tuple[Field, Field]:
    """Lit RGB (H, W, 3) of the scene without instruments, and the signed depth (H, W) in the duct."""
    patient, duct = scene.patient, scene.duct
    height, gloss, crease, along = (np.empty(size) for _ in range(4))
    albedo, depth = np.empty((*size, 3)), np.full(size, -np.inf)
    paint_tissue(patient.tissue, scene.view, height, albedo, gloss, crease)
    paint_vessels(scene.vessels, albedo)
    trace_duct(duct.points, duct.radii, depth, along)
    embed_duct(patient.tissue.noise, duct.colour, duct.radii, depth, along, height, albedo, gloss, crease)
    shadow = cast_shadows(scene.instruments, patient.light, size)
    return light_tissue(patient.light, scene.view.tilt, height, albedo, gloss, crease, shadow), depth


def _render_instrument(scene: Scene, tool: Instrument, rgb: Field, mask: Mask, hidden: Field) -> None:
    """Far jaw (behind the duct that it grips), shaft, near jaw, wrist; or sleeve and tube of a suction."""
    light, noise = scene.patient.light, scene.patient.tissue.noise
    jaws, wrist, tube = tool.jaws, tool.wrist, tool.tube
    if tube is not None:
        paint_tube(rgb, mask, noise, light, tube)
    if jaws:
        paint_jaw(rgb, mask, light, jaws[0], hidden)
    paint_shaft(rgb, mask, noise, light, tool.shaft, tool.style)
    if jaws:
        paint_jaw(rgb, mask, light, jaws[1], np.zeros_like(hidden))
    if wrist is not None:
        paint_wrist(rgb, mask, light, wrist)
