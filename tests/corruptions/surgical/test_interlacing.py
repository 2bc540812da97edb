"""Interlacing."""

from __future__ import annotations

import torch

from robustbench_endo.corruptions.surgical.interlacing import Interlacing


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
