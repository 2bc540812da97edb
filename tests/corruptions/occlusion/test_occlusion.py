"""Properties of all occlusions: the order of their opacity, and large frames."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions import SEVERITIES, Corruption
from robustbench_endo.corruptions.occlusion import Bleeding, Brightness, Smoke, Spatter

Frames = Callable[..., Tensor]
IDS = [f"{i}.png" for i in range(20)]


@pytest.mark.parametrize("corruption", [Smoke(), Bleeding()], ids=lambda item: item.name)
@pytest.mark.slow
def test_occlusion_mean_opacity_grows_strictly_with_severity(corruption: Corruption, frames: Frames) -> None:
    images = frames(20, 128, 160)
    hidden = []
    for severity in SEVERITIES:
        opacity = corruption(images, severity, IDS).opacity
        assert opacity is not None
        assert 0 <= opacity.min() <= opacity.max() <= 1
        hidden.append(float(opacity.mean()))
    assert all(less < more for less, more in itertools.pairwise([0.0, *hidden]))


def test_spatter_covers_more_at_each_severity(frames: Frames) -> None:
    images = frames(20, 128, 160)
    covered = []
    for severity in SEVERITIES:
        opacity = Spatter()(images, severity, IDS).opacity
        assert opacity is not None
        covered.append(float((opacity > 0.1).float().mean()))
    assert all(less < more for less, more in itertools.pairwise([0.0, *covered]))


@pytest.mark.parametrize("corruption", [Smoke(), Bleeding(), Spatter(), Brightness()], ids=lambda item: item.name)
def test_occlusion_of_a_frame_of_2160_lines_is_in_range(corruption: Corruption) -> None:
    stripes = torch.full((1, 3, 2160, 3840), 0.3)
    stripes[..., ::2] = 1
    corrupted = corruption(stripes, 5, ["a"]).images
    assert corrupted.isfinite().all()
    assert 0 <= corrupted.min() <= corrupted.max() <= 1
    assert not torch.equal(corrupted, stripes)
