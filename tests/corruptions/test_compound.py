"""Tests of compound corruptions."""

from __future__ import annotations

import pickle

import pytest
import torch

from robustbench_endo.corruptions import CompoundCorruption, CorruptedBatch, load_suite, select, warp_masks
from robustbench_endo.corruptions.compound import _ORDER, combine, physical_order
from robustbench_endo.corruptions.errors import CorruptionError, UnknownNameError

SUITE = load_suite("endo19")
IMAGES = torch.rand(2, 3, 48, 56, generator=torch.Generator().manual_seed(0))
IDS = ["a.png", "b.png"]


def test_parts_are_applied_in_physical_order_with_their_own_keys() -> None:
    compound = SUITE.get("jpeg_compression+gaussian_noise+smoke")
    assert compound.name == "smoke+gaussian_noise+jpeg_compression"
    expected = IMAGES
    for name in ("smoke", "gaussian_noise", "jpeg_compression"):
        expected = SUITE.corrupt(expected, name, 3, IDS, seed=2).images
    actual = SUITE.corrupt(IMAGES, "jpeg_compression+gaussian_noise+smoke", 3, IDS, seed=2)
    assert torch.equal(actual.images, expected)
    assert torch.equal(actual.opacity, SUITE.corrupt(IMAGES, "smoke", 3, IDS, seed=2).opacity)


def test_order_names_every_corruption_of_the_suite() -> None:
    ranks = [physical_order(item) for item in SUITE.corruptions]
    assert len(set(ranks)) == len(ranks)
    assert all(rank % 2 == 0 for rank in ranks)


def test_combine_composes_displacements_and_opacities() -> None:
    size = 8
    axis = (torch.arange(size) + 0.5) * 2 / size - 1
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    right, down = torch.stack((x - 2 / size, y), -1)[None], torch.stack((x, y - 4 / size), -1)[None]
    hidden = torch.zeros(1, 1, size, size)
    hidden[..., 3, 4] = 0.5
    images = torch.zeros(1, 3, size, size)
    both = combine(CorruptedBatch(images, right, hidden), CorruptedBatch(images, down, torch.full_like(hidden, 0.5)))
    masks = torch.arange(size * size).view(1, size, size)
    # The second displacement acts on what the first has moved.
    twice = warp_masks(warp_masks(masks, right), down)
    assert both.grid is not None
    assert torch.equal(warp_masks(masks, both.grid)[:, 2:, 1:], twice[:, 2:, 1:])
    assert both.opacity is not None
    assert both.opacity[0, 0, 5, 4] == pytest.approx(0.75)
    assert both.opacity[0, 0, 3, 4] == pytest.approx(0.5)


def test_masks_move_with_a_compound_that_displaces() -> None:
    masks = torch.arange(48 * 56).view(1, 48, 56).expand(2, -1, -1)
    single = SUITE.corrupt(IMAGES, "elastic_transform", 4, IDS)
    compound = SUITE.get("elastic_transform+contrast")
    assert compound.moves
    assert torch.equal(compound(IMAGES, 4, IDS, 0, 0, 256).warp(masks), single.warp(masks))


def test_batch_equals_its_items() -> None:
    together = SUITE.corrupt(IMAGES, "spatter+motion_blur+shot_noise", 2, IDS).images
    single = SUITE.corrupt(IMAGES[1:], "spatter+motion_blur+shot_noise", 2, IDS[1:]).images
    assert torch.equal(together[1:], single)
    assert torch.equal(SUITE.corrupt(IMAGES, "spatter+motion_blur", 0, IDS).images, IMAGES)


def test_compound_is_described_and_pickled() -> None:
    selected = select("endo19", "contrast+smoke,noise")
    assert selected.names[-1] == "smoke+contrast"
    assert selected.suite.names == (*SUITE.names, "smoke+contrast")
    assert selected.suite.select("all") == SUITE.names
    entry = selected.suite.describe()[-1]
    assert (entry["category"], entry["stochastic"], entry["severities"][2]) == ("compound", True, {"severity": 3})
    assert selected.suite.fingerprint != SUITE.fingerprint
    assert pickle.loads(pickle.dumps(selected.suite)).fingerprint == selected.suite.fingerprint
    assert load_suite("imagenet-c").get("smoke+saturate") != SUITE.get("smoke+saturate")


@pytest.mark.parametrize("name", ["smoke+smoke", "smoke+contrast+smoke"])
def test_compound_of_one_corruption_is_refused(name: str) -> None:
    with pytest.raises(CorruptionError, match="at least two different corruptions in a compound"):
        SUITE.get(name)


def test_compound_names_the_unknown_part() -> None:
    with pytest.raises(UnknownNameError, match="did you mean smoke"):
        select("endo19", "smok+contrast")
    with pytest.raises(CorruptionError, match="at least two different"):
        CompoundCorruption([SUITE.get("smoke")])


def test_physical_order_names_every_corruption_of_the_built_in_suites() -> None:
    names = {name for suite in ("endo19", "endo-surgical") for name in load_suite(suite).names}
    assert names == set(_ORDER)
