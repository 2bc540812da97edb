"""Lens fog."""

from __future__ import annotations

import torch

from robustbench_endo.corruptions.surgical.lens_fog import LensFog


def test_lens_fog_grows_from_the_rim_with_severity() -> None:
    images = torch.rand(4, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    maps = [LensFog()(images, severity, list("abcd")).opacity for severity in (1, 3, 5)]
    means = [float(opacity.mean()) for opacity in maps if opacity is not None]
    assert means == sorted(means)
    assert len(set(means)) == 3
    first = maps[0]
    assert first is not None
    rim = torch.cat([first[..., :8, :8], first[..., -8:, -8:]], -1)
    assert rim.mean() > 4 * first[..., 40:56, 40:56].mean()


def test_lens_fog_lifts_dark_tissue() -> None:
    images = torch.full((1, 3, 64, 64), 0.6)
    images[..., 16:32] = 0.02
    assert LensFog()(images, 5, ["a"]).images[..., 20:28].mean() > 0.2
