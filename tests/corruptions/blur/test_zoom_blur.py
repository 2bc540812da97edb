"""Zoom blur: the grid is where the pixels come from."""

from __future__ import annotations

import torch

from robustbench_endo.corruptions.blur.zoom_blur import ZoomBlur


def test_zoom_blur_grid_is_the_position_of_the_pixels() -> None:
    # A horizontal ramp: the mean of the magnifications at a pixel is the ramp at the mean position.
    ramp = torch.linspace(0, 1, 97)[None, None, None].expand(1, 3, 64, 97).contiguous()
    batch = ZoomBlur()(ramp, 5, ["a"])
    warped = torch.nn.functional.grid_sample(ramp, batch.grid, align_corners=False, padding_mode="border")
    assert (warped - batch.images).abs().max() < 1e-3


def test_zoom_blur_magnifies_about_the_centre() -> None:
    grid = ZoomBlur()(torch.rand(1, 3, 128, 160), 3, ["a"]).grid
    assert grid[0, 64, 80].abs().max() < 0.03
    assert 0.85 < float(grid[0, 64, 159, 0]) < 0.97
