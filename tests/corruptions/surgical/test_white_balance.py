"""White-balance cast."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.surgical.white_balance import WhiteBalance, channel_gains


def test_white_balance_gains_keep_the_luminance_and_favour_red_where_warmer() -> None:
    warm, cool = channel_gains(100.0), channel_gains(-100.0)
    assert warm @ [0.2126, 0.7152, 0.0722] == pytest.approx(1)
    assert warm[0] > warm[1] > warm[2]
    assert cool[0] < cool[1] < cool[2]
    assert channel_gains(0.0) == pytest.approx(1)


def test_white_balance_casts_differ_in_direction_between_frames() -> None:
    images = torch.full((8, 3, 32, 32), 0.5)
    means = WhiteBalance()(images, 3, [str(i) for i in range(8)]).images.mean((2, 3))
    assert 0 < int((means[:, 0] > means[:, 2]).sum()) < 8
