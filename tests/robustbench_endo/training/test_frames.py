from __future__ import annotations

import pytest
import torch

from robustbench_endo.training.augmentation import augmentation
from robustbench_endo.training.data import InMemoryDataset


def test_a_batch_is_the_same_whatever_its_order(squares):
    pytest.importorskip("albumentations")
    frames = InMemoryDataset(squares(6), (32, 40))
    augment = augmentation("surgical")
    forward, backward = frames.batch([0, 3, 5], augment, (1, 2)), frames.batch([5, 3, 0], augment, (1, 2))
    assert torch.equal(forward.images, backward.images.flip(0))
    assert torch.equal(forward.masks, backward.masks.flip(0))
    assert not torch.equal(frames.batch([0], augment, (1, 3)).images, forward.images[:1])


def test_frames_come_at_one_size_in_range(squares):
    frames = InMemoryDataset(squares(4), (32, 40))
    batch = frames.batch([0, 1, 2, 3])
    assert batch.images.shape == (4, 3, 32, 40)
    assert 0 <= batch.images.min() < batch.images.max() <= 1
    assert set(batch.masks.unique().tolist()) == {0, 1}
    assert batch.activities.tolist() == [0, 0, 1, 1]
    assert batch.ids == ("00.png", "01.png", "02.png", "03.png")
