"""Frames in memory, batches, and checks of the data."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from robustbench_endo.data import FolderDataset
from robustbench_endo.errors import DataError, TrainingError
from robustbench_endo.models import load_model
from robustbench_endo.training.augmentation import augmentation
from robustbench_endo.training.data import Batch, InMemoryDataset, PrefetchLoader, check_data

SIZE = (32, 40)


def test_batch_does_not_depend_on_its_order(squares):
    pytest.importorskip("albumentations")
    frames = InMemoryDataset(squares(6), (32, 40))
    augment = augmentation("surgical")
    forward, backward = frames.batch([0, 3, 5], augment, (1, 2)), frames.batch([5, 3, 0], augment, (1, 2))
    assert torch.equal(forward.images, backward.images.flip(0))
    assert torch.equal(forward.targets["segmentation"], backward.targets["segmentation"].flip(0))
    assert not torch.equal(frames.batch([0], augment, (1, 3)).images, forward.images[:1])


def test_batch_has_one_size_and_range(squares):
    frames = InMemoryDataset(squares(4), (32, 40))
    batch = frames.batch([0, 1, 2, 3])
    assert batch.images.shape == (4, 3, 32, 40)
    assert 0 <= batch.images.min() < batch.images.max() <= 1
    assert set(batch.targets["segmentation"].unique().tolist()) == {0, 1}
    assert batch.targets["activity"].tolist() == [0, 0, 1, 1]
    assert batch.ids == ("00.png", "01.png", "02.png", "03.png")


def test_batch_parts_are_micro_batches():
    targets = {"segmentation": torch.zeros(5, 8, 8).long(), "activity": torch.arange(5)}
    batch = Batch(torch.rand(5, 3, 8, 8), targets, tuple("abcde"))
    parts = batch.parts(2)
    assert [part.ids for part in parts] == [("a", "b", "c"), ("d", "e")]
    assert torch.equal(torch.cat([part.images for part in parts]), batch.images)
    assert torch.equal(torch.cat([part.targets["activity"] for part in parts]), torch.arange(5))
    assert len(batch.parts(9)) == 5


def test_loader_divides_each_batch_among_processes(squares):
    frames = InMemoryDataset(squares(7), SIZE)
    loaders = [PrefetchLoader(frames, 4, 0, lambda: None, rank, 2) for rank in (0, 1)]
    batches = [list(loader.epoch(0)) for loader in loaders]
    assert [loader.batches for loader in loaders] == [2, 2]
    names = [name for pair in zip(*batches, strict=True) for batch, _ in pair for name in batch.ids]
    assert sorted(names) == sorted(frames.ids)
    assert [sum(fraction for _, fraction in pair) for pair in zip(*batches, strict=True)] == [2, 2]


def check(model, data):
    return check_data(load_model(model, 2, 2) if isinstance(model, str) else model, data, InMemoryDataset(data, SIZE))


def test_check_data_rejects_frames_without_targets(squares, spec):
    with pytest.raises(TrainingError, match="Expected masks or activities in squares, got neither"):
        check(spec, squares(4, False, False))
    with pytest.raises(TrainingError, match="at least one frame to train on, got none in squares"):
        check(spec, squares(0))


def test_check_data_names_frame_with_label_out_of_range(squares):
    data = squares(4)
    data.classes = ("background",)
    with pytest.raises(TrainingError, match=r"segmentation labels below 1, got 1 in 00.png"):
        check(torch.nn.Identity(), data)


def test_check_data_rejects_model_for_other_labels(squares, spec):
    with pytest.raises(
        TrainingError, match=r"for the 2 classes of squares, got one for 5: build it with num_classes=2"
    ):
        check(load_model(spec, 5, 2), squares(4))


def test_check_data_rejects_one_label_and_returns_missing_ones(squares):
    plain = squares(
        4, change=lambda _, s: dataclasses.replace(s, targets={"segmentation": torch.zeros_like(s.mask), "activity": 0})
    )
    with pytest.raises(TrainingError, match="at least two kinds of pixels or of frames in squares"):
        check(torch.nn.Identity(), plain)
    more = squares(4)
    more.classes = ("background", "square", "circle")
    assert check(torch.nn.Identity(), more) == ["circle"]
    assert check(torch.nn.Identity(), squares(4)) == []


def test_in_memory_dataset_leaves_out_a_frame_that_cannot_be_used(make_folder):
    root = make_folder()
    (root / "test/1/mask/OP1_img_00.png").unlink()
    with pytest.warns(UserWarning, match=r"1 of 4 frames of .* cannot be used and are left out; the first: Expected a"):
        frames = InMemoryDataset(FolderDataset(root), SIZE)
    assert (len(frames), len(frames.images), len(frames.excluded)) == (3, 3, 1)
    assert "1/image/OP1_img_00.png" not in frames.ids


def test_in_memory_dataset_rejects_masks_of_another_coding(make_folder):
    root = make_folder()
    for path in root.glob("test/*/mask/*.png"):
        Image.fromarray((np.asarray(Image.open(path)) > 0).astype(np.uint8) * 255).save(path)
    with pytest.raises(DataError, match="got only 0 .background. and 255, which means ignored"):
        InMemoryDataset(FolderDataset(root), SIZE)
