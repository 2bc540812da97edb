"""Severities between whole numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

import robustbench_endo as rb
from robustbench_endo.corruptions import load_suite
from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.severity import check_severity, interpolate

SUITE = load_suite("endo19")


@dataclass(frozen=True)
class Params:
    share: float
    count: int
    flag: bool
    name: str


LEVELS = tuple(Params(i / 10, 10 * i, i > 2, f"level {i}") for i in range(1, 6))


def test_interpolate_is_linear_and_rounds_integers() -> None:
    assert interpolate(LEVELS, 3) is LEVELS[2]
    assert interpolate(LEVELS, 5.0) is LEVELS[4]
    between = interpolate(LEVELS, 2.26)
    assert between.share == pytest.approx(0.226)
    assert (between.count, between.flag, between.name) == (23, False, "level 2")


@pytest.mark.parametrize("severity", [-1, 0.5, 5.1, float("nan"), True, "3", None])
def test_check_severity_rejects_what_is_no_severity(severity: object) -> None:
    with pytest.raises(CorruptionError, match="expected a severity from 1 to 5, or 0 for the clean image"):
        check_severity(severity, "smoke")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SUITE.names)
def test_distortion_between_two_severities_lies_between_theirs(name: str, frames) -> None:
    image = frames(1, 96, 128)
    lower, between, upper = (
        float((SUITE.corrupt(image, name, severity, ["a"]).images - image).square().mean()) for severity in (3, 3.5, 4)
    )
    assert lower * 0.9 < between < upper * 1.1  # blocks of odd widths fit edges a little better or worse


def test_severities_share_the_draw_of_the_frame_and_replicates_do_not(frames) -> None:
    image = frames(1, 96, 128)
    low, high = (SUITE.corrupt(image, "gaussian_noise", severity, ["a"]).images - image for severity in (1, 2))
    other = SUITE.corrupt(image, "gaussian_noise", 1, ["a"], replicate=1).images - image
    inside = (image > 0.4) & (image < 0.6)
    assert np.corrcoef(low[inside], high[inside])[0, 1] > 0.98
    assert abs(np.corrcoef(low[inside], other[inside])[0, 1]) < 0.05


def test_a_frame_is_corrupted_alike_as_bytes_and_as_a_tensor_of_bytes(frames) -> None:
    levels = (frames(1, 64, 96) * 255).byte()
    for name in SUITE.names:
        array = rb.corrupt(levels[0].permute(1, 2, 0).numpy(), name, 2.5, ids="a")
        tensor = rb.corrupt(levels, name, 2.5, ids=["a"])
        assert torch.equal(tensor[0].permute(1, 2, 0), torch.from_numpy(array)), name
