"""Tissue: relief, colour and wetness of organs, fat, folds and blood as fields over the frame."""

from __future__ import annotations

import numpy as np

from robustbench_endo.data.synthetic.low_frequency_noise import (
    FLUSH,
    STAIN,
    WARP_X,
    WARP_Y,
    WET,
    NoiseTable,
    cell_random,
    fractal_noise,
    interpolate_column,
    interpolate_row,
    low_frequency_fields,
    perlin_noise,
    smoothstep,
    worley_cells,
)
from robustbench_endo.data.synthetic.patient import Tissue
from robustbench_endo.data.synthetic.raster import Field, pixel_centre, strict_njit
from robustbench_endo.data.synthetic.view import View, frame_to_tissue

SEROSA, FAT, PARENCHYMA, PERITONEUM = 0, 1, 2, 3
_CAVITIES = 0.16  # share of the organs that are deep and dark


@strict_njit
def _material(noise: NoiseTable, mixture: Field, cell: int) -> int:
    draw = cell_random(noise, cell, 7)
    for material in range(3):
        if draw < mixture[material]:
            return material
    return PERITONEUM


@strict_njit
def _relief(
    noise: NoiseTable, folds: float, material: int, x: float, y: float, octaves: int
) -> tuple[float, float, float]:
    """Texture of a material: height, depth in a crease (0 to 1), share of pale fibres."""
    if material == FAT:
        wx = x + 0.10 * perlin_noise(noise, 31, 4.0 * x, 4.0 * y)
        wy = y + 0.10 * perlin_noise(noise, 32, 4.0 * x, 4.0 * y)
        near, after, _, _ = worley_cells(noise, 33, 7.5 * wx, 10.0 * wy)
        fine, next_fine, _, _ = worley_cells(noise, 34, 21.0 * wx + 5.0, 17.0 * wy)
        between = 1.0 - smoothstep(0.0, 0.30, after - near)
        small = 1.0 - smoothstep(0.0, 0.35, next_fine - fine)
        return 0.045 - 0.030 * near * near - 0.012 * fine * fine, 0.34 * between + 0.14 * small, 0.0
    if material == PARENCHYMA:
        return 0.006 * fractal_noise(noise, 41, 6.0 * x, 6.0 * y, octaves), 0.0, 0.0
    # Folds: ridges of a noise that is stretched along the organ.
    wx = x + 0.10 * perlin_noise(noise, 51, 2.5 * x, 2.5 * y)
    ridge = 1.0 - abs(perlin_noise(noise, 52, 2.2 * wx, 7.0 * y))
    strength = folds * (0.014 if material == SEROSA else 0.024)
    fine = 0.004 * fractal_noise(noise, 53, 13.0 * wx, 16.0 * y, octaves)
    round_ridge = ridge * ridge * (3.0 - 2.0 * ridge)
    return strength * round_ridge + fine, 0.3 * smoothstep(0.80, 1.0, 1.0 - ridge), 0.35 * smoothstep(0.75, 1.0, ridge)


@strict_njit
def _channel(colour: float, fibres: float, pale: float, loss: float) -> float:
    """One colour channel of a material that is partly covered by pale fibres and darkened by blood or depth."""
    return (colour * (1.0 - pale) + fibres * pale) * (1.0 - loss)


@strict_njit
def paint_tissue(tissue: Tissue, view: View, height: Field, albedo: Field, gloss: Field, crease: Field) -> None:
    """Fill height (H, W), RGB albedo (H, W, 3), gloss (H, W) and crease depth (H, W)."""
    rows, columns = height.shape
    unit = 1.0 / min(rows, columns)
    octaves = 2 if min(rows, columns) < 400 else 4
    noise, mixture, colours, organs = tissue.noise, tissue.mixture, tissue.colours, tissue.organs
    step = max(min(rows, columns) // 64, 1)
    nodes = low_frequency_fields(noise, view, rows, columns, step)
    row, slow = np.empty(nodes.shape[1:]), np.empty(nodes.shape[2])
    for i in range(rows):
        interpolate_row(nodes, i, step, row)
        for j in range(columns):
            interpolate_column(row, j, step, slow)
            x, y = frame_to_tissue(view, pixel_centre(j, columns, unit), pixel_centre(i, rows, unit))
            wx, wy = x + 0.16 * slow[WARP_X], y + 0.16 * slow[WARP_Y]
            near, after, cell, other = worley_cells(noise, 0, organs * wx, organs * tissue.stretch * wy)
            gap = after - near
            inner = smoothstep(0.0, 0.12, gap)
            kind = _material(noise, mixture, cell)
            rough, fold, pale = _relief(noise, tissue.folds, kind, x, y, octaves)
            height[i, j] = 0.13 / organs * (1.0 - near * near) + rough * inner

            mottle = fractal_noise(noise, 61, 5.0 * x, 5.0 * y, octaves)
            # Some borders are deep clefts, others hardly visible.
            seam = 0.6 if _material(noise, mixture, other) != kind else 0.2
            seam *= 0.25 + 0.75 * smoothstep(-0.5, 0.4, slow[FLUSH] + 0.5 * mottle)
            crease[i, j] = max(seam * (1.0 - smoothstep(0.0, 0.16, gap)), fold)

            depth = smoothstep(0.0, 0.35, gap) if cell_random(noise, cell, 5) < _CAVITIES else 0.0
            stain = smoothstep(0.0, 0.45, slow[STAIN] + 0.25 * mottle - 0.85 + 1.2 * tissue.blood)
            tone = 1.0 + 0.12 * mottle + 0.16 * (cell_random(noise, cell, 4) - 0.5)
            flush = 0.16 * slow[FLUSH]
            # Blood and depth absorb more green and blue than red.
            red = _channel(colours[kind, 0] * tone, 0.86, pale, 0.40 * stain)
            green = _channel(colours[kind, 1] * (tone - flush), 0.68, pale, 0.77 * stain)
            blue = _channel(colours[kind, 2] * (tone - 0.75 * flush), 0.62, pale, 0.74 * stain)
            albedo[i, j, 0] = red * (1.0 - 0.60 * depth)
            albedo[i, j, 1] = green * (1.0 - 0.78 * depth)
            albedo[i, j, 2] = blue * (1.0 - 0.74 * depth)
            wet = 0.45 + 0.55 * smoothstep(-0.3, 0.6, slow[WET])
            gloss[i, j] = (tissue.wetness * wet * (1.0 - 0.7 * depth) + 0.5 * stain) * inner
