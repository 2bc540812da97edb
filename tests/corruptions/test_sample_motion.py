"""Masks moved image by image."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.sample_motion import Motion
from robustbench_endo.corruptions.sample_tree import BOXES, MASK, OTHER
from robustbench_endo.errors import CorruptionError

COLUMNS = torch.tensor([[0, 1, 2, 3], [4, 5, 6, 7]])
X, Y = torch.tensor([-0.75, -0.25, 0.25, 0.75]), torch.tensor([-0.5, 0.5])
STILL = torch.stack(torch.meshgrid(X, Y, indexing="xy"), -1)
RIGHT = torch.stack(torch.meshgrid(X + 0.5, Y, indexing="xy"), -1)
MOVED = torch.tensor([[1, 2, 3, 3], [5, 6, 7, 7]])


@pytest.mark.parametrize("shape", [(2, 4), (1, 2, 4), (3, 2, 4)])
def test_motion_moves_all_layers_of_one_mask(shape: tuple[int, ...]) -> None:
    moved: Tensor = Motion((), 1, [RIGHT]).move(COLUMNS.expand(shape), MASK)
    assert torch.equal(moved, MOVED.expand(shape))


def test_motion_moves_each_image_by_its_own_grid() -> None:
    masks = torch.stack([COLUMNS] * 3)[:, None]
    moved: Tensor = Motion((3,), 3, [RIGHT, None, STILL]).move(masks, MASK)
    assert torch.equal(moved, torch.stack([MOVED, COLUMNS, COLUMNS])[:, None])


def test_motion_without_a_grid_returns_the_same_objects() -> None:
    for role in (MASK, BOXES, OTHER):
        assert Motion((2,), 2, [None, None]).move(COLUMNS, role) is COLUMNS
    assert Motion((), 1, [RIGHT]).move(COLUMNS, OTHER) is COLUMNS


def test_motion_rejects_one_mask_for_several_images() -> None:
    with pytest.raises(CorruptionError, match=r"masks \(3, 2, 4\) of the image, got \(2, 4\)"):
        Motion((3,), 3, [RIGHT] * 3).move(COLUMNS, MASK)
