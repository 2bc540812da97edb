"""Glass blur, pixelation and elastic transform of endoarss against numbers recorded by running the authors' code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from robustbench_endo.corruptions import load_suite

RECORDED = json.loads(Path(__file__).with_name("endoarss_statistics.json").read_text(encoding="utf-8"))
SEVERITIES = [1, 2, 3, 4, 5]


def measure(clean: NDArray[np.uint8], corrupted: NDArray[np.float64]) -> list[float]:
    """Standard deviation of corrupted - clean, and of corrupted - its mean over 3 x 3 pixels."""
    height, width = clean.shape[:2]
    padded = np.pad(corrupted, ((1, 1), (1, 1), (0, 0)), mode="edge")
    total = sum(padded[i : i + height, j : j + width] for i in range(3) for j in range(3))
    return [float((corrupted - clean).std()), float((corrupted - total / 9).std())]


def statistics(clean: NDArray[np.uint8], name: str, severity: int, ids: Sequence[str]) -> NDArray[np.float64]:
    """Mean of :func:`measure` over the ids."""
    images = torch.from_numpy(clean).permute(2, 0, 1)[None].float() / 255
    results = [load_suite("endoarss").corrupt(images, name, severity, [item]).images[0] for item in ids]
    # The authors truncate to integer levels.
    levels = [(item.permute(1, 2, 0) * 255).floor().double().numpy() for item in results]
    mean: NDArray[np.float64] = np.array([measure(clean, item) for item in levels]).mean(axis=0)
    return mean


@pytest.mark.parametrize("severity", SEVERITIES)
def test_pixelate_has_the_statistics_of_the_authors(severity: int, tiles: NDArray[np.uint8]) -> None:
    expected = RECORDED["pixelate"]["mean"][severity - 1]
    assert statistics(tiles, "pixelate", severity, ["a"]) == pytest.approx(expected, rel=0.005)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_glass_blur_has_the_statistics_of_the_authors(severity: int, tiles: NDArray[np.uint8]) -> None:
    expected = RECORDED["glass_blur"]["mean"][severity - 1]
    assert statistics(tiles, "glass_blur", severity, ["a", "b", "c", "d"]) == pytest.approx(expected, rel=0.01)


# The fine detail at severities 1 and 2 depends on the affine map that is drawn: by 11 to 16 % from draw to draw.
@pytest.mark.parametrize(("severity", "tolerance"), [(1, 0.08), (2, 0.08), (3, 0.015), (4, 0.015), (5, 0.015)])
def test_elastic_transform_has_the_statistics_of_the_authors(
    severity: int, tolerance: float, tiles: NDArray[np.uint8]
) -> None:
    residual, detail = statistics(tiles, "elastic_transform", severity, [f"frame {i}" for i in range(32)])
    expected = RECORDED["elastic_transform"]["mean"][severity - 1]
    assert residual == pytest.approx(expected[0], rel=0.05)
    assert detail == pytest.approx(expected[1], rel=tolerance)
