from __future__ import annotations

import builtins

import numpy as np
import pytest
import torch

from robustbench_endo.errors import OptionalDependencyError, UnknownNameError
from robustbench_endo.training.augment import PIPELINES, augmentation
from robustbench_endo.training.frames import Frames


def test_none_needs_no_library_and_unknown_names_get_the_closest():
    assert augmentation("none") is None
    with pytest.raises(UnknownNameError, match="augmentation, found 'surgicl': did you mean surgical"):
        augmentation("surgicl")


def test_a_missing_library_names_the_extra(monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **options):
        if name == "albumentations":
            raise ImportError("no such module")
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(OptionalDependencyError, match=r"install robustbench-endo\[train\]"):
        augmentation("surgical")


@pytest.mark.parametrize("name", sorted(set(PIPELINES) - {"none"}))
class TestPipelines:
    def test_is_a_pure_function_of_its_arguments(self, name):
        pytest.importorskip("albumentations")
        rng = np.random.default_rng(0)
        image, mask = rng.integers(0, 256, (32, 40, 3), np.uint8), rng.integers(0, 3, (32, 40), np.uint8)
        kept = image.copy()
        first, again = augmentation(name), augmentation(name)
        outcomes = []
        for seed in range(6):
            one = first(image, mask, seed)
            first(image, mask, 99)
            two = again(image, mask, seed)
            assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
            outcomes.append(one[0].tobytes())
        assert len(set(outcomes)) > 3
        assert np.array_equal(image, kept)

    def test_mask_follows_the_image(self, name):
        pytest.importorskip("albumentations")
        image, mask = np.zeros((40, 40, 3), np.uint8), np.zeros((40, 40), np.uint8)
        image[8:20, 10:30], mask[8:20, 10:30] = 255, 1
        augment = augmentation(name)
        for seed in range(10):
            changed, labels = augment(image, mask, seed)
            bright = changed.max(axis=2) > 127
            known = labels != 255
            assert (bright == (labels == 1))[known].mean() > 0.95


def test_a_batch_is_the_same_whatever_its_order(squares):
    pytest.importorskip("albumentations")
    frames = Frames(squares(6), (32, 40))
    augment = augmentation("surgical")
    forward, backward = frames.batch([0, 3, 5], augment, (1, 2)), frames.batch([5, 3, 0], augment, (1, 2))
    assert torch.equal(forward.images, backward.images.flip(0))
    assert torch.equal(forward.masks, backward.masks.flip(0))
    assert not torch.equal(frames.batch([0], augment, (1, 3)).images, forward.images[:1])


def test_frames_come_at_one_size_in_range(squares):
    frames = Frames(squares(4), (32, 40))
    batch = frames.batch([0, 1, 2, 3])
    assert batch.images.shape == (4, 3, 32, 40)
    assert 0 <= batch.images.min() < batch.images.max() <= 1
    assert set(batch.masks.unique().tolist()) == {0, 1}
    assert batch.activities.tolist() == [0, 0, 1, 1]
    assert batch.ids == ("00.png", "01.png", "02.png", "03.png")
