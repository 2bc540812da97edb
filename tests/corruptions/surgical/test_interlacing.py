"""Interlacing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions import corrupt
from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.surgical.interlacing import Interlacing, InterlacingParams


def test_interlacing_keeps_the_even_lines_and_moves_the_odd_ones() -> None:
    images = torch.rand(1, 3, 64, 64)
    woven = Interlacing()(images, 3, ["a"], reference_size=None).images
    assert torch.equal(woven[..., ::2, :], images[..., ::2, :])
    assert not torch.equal(woven[..., 1::2, :], images[..., 1::2, :])


def test_interlacing_lines_grow_with_the_image() -> None:
    images = torch.rand(1, 3, 64, 64)
    woven = Interlacing()(images, 3, ["a"], reference_size=16).images
    same = (woven == images).all(-1).all(1)[0]
    assert same.tolist() == [True, True, False, False] * 16


def bob(line: float) -> Interlacing:
    return replace(Interlacing(), severities=(InterlacingParams(3.0, line, "bob"),) * 5)


def test_interlacing_by_bob_keeps_the_even_lines_and_interpolates_the_odd_ones() -> None:
    images = torch.rand(1, 3, 64, 64)
    doubled = bob(1.0)(images, 3, ["a"], reference_size=None).images
    assert torch.equal(doubled[..., ::2, :], images[..., ::2, :])
    expected = (images[..., :-2:2, :] + images[..., 2::2, :]) / 2
    assert torch.allclose(doubled[..., 1:-1:2, :], expected, atol=1e-6)
    assert torch.equal(doubled[..., -1, :], images[..., -2, :])


def test_interlacing_by_bob_keeps_a_vertical_ramp_and_loses_more_with_higher_lines() -> None:
    ramp = torch.linspace(0.1, 0.9, 64)[:, None].expand(1, 3, 64, 64).contiguous()
    inner = bob(2.0)(ramp, 3, ["a"], reference_size=None).images[..., 4:-4, :]
    assert torch.allclose(inner, ramp[..., 4:-4, :], atol=1e-5)
    texture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    errors = [
        float((bob(line)(texture, 3, ["a"], reference_size=None).images - texture).square().mean())
        for line in (1.0, 1.5, 3.0, 100.0)
    ]
    assert errors == sorted(errors)


def test_interlacing_by_another_method_is_one_sentence() -> None:
    with pytest.raises(CorruptionError, match="expected deinterlacing weave or bob, got 'yadif'"):
        InterlacingParams(1.0, deinterlacing="yadif")
    frame = np.zeros((48, 48, 3), np.uint8)
    with pytest.raises(CorruptionError, match="expected deinterlacing weave or bob, got 'yadif'"):
        corrupt(frame, "interlacing", 3, suite="endo-surgical", parameters={"deinterlacing": "yadif"})


def test_interlacing_by_bob_averages_over_the_height_of_a_line() -> None:
    images = torch.rand(1, 3, 64, 64)
    doubled = bob(2.0)(images, 3, ["a"], reference_size=None).images
    first, second = (images[..., top : top + 2, :].mean(-2) for top in (0, 4))
    assert torch.allclose(doubled[..., 1, :], 0.875 * first + 0.125 * second, atol=1e-6)
    white = bob(1.3)(torch.ones(1, 3, 65, 40), 3, ["a"], reference_size=None).images
    assert white.max() <= 1
    assert torch.allclose(white, torch.ones_like(white))
