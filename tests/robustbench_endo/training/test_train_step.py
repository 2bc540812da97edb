"""Losses of a step, and the learning rate."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from robustbench_endo.training import Hardware, TrainConfig
from robustbench_endo.training.data import Batch, InMemoryDataset, PrefetchLoader
from robustbench_endo.training.fabric import make_fabric
from robustbench_endo.training.train_step import TrainStep, frozen, learning_rate


class Fixed(nn.Module):
    """A network whose logits are its parameters."""

    num_classes, num_activities = 3, 2

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.masks = nn.Parameter(torch.randn(2, 3, 4, 4, generator=generator))
        self.labels = nn.Parameter(torch.randn(2, 2, generator=generator))

    def forward(self, images):
        return {"segmentation": self.masks, "activity": self.labels, "features": images}


@pytest.fixture
def losses(squares):
    """A function: the losses of a batch with these masks and activities."""
    frames = InMemoryDataset(squares(4), (32, 40))

    def compute(masks, activities, **settings):
        loader = PrefetchLoader(frames, 2, 0, lambda: None)
        step = TrainStep(Fixed(), loader, TrainConfig(**settings), make_fabric(Hardware(), "32-true"))
        targets = {"segmentation": masks, "activity": activities}
        return step._losses(Batch(torch.zeros(2, 3, 4, 4), targets, ("a", "b")), 0)[0]

    return compute


def test_losses_are_cross_entropies_of_labelled_targets(losses):
    masks = torch.randint(0, 3, (2, 4, 4), generator=torch.Generator().manual_seed(1))
    masks[0, :2] = 255
    values = losses(masks, torch.tensor([1, -1]), class_weights="none", task_weights={"activity": 1})
    labelled = masks != 255
    flat = Fixed().masks.permute(0, 2, 3, 1)[labelled]
    assert list(values) == ["segmentation", "activity"]
    torch.testing.assert_close(values["segmentation"], F.cross_entropy(flat, masks[labelled]))
    torch.testing.assert_close(values["activity"], F.cross_entropy(Fixed().labels[:1], torch.tensor([1])))


def test_losses_without_targets_are_zero(losses):
    values = losses(torch.full((2, 4, 4), 255), torch.full((2,), -1))
    assert {task: loss.item() for task, loss in values.items()} == {"segmentation": 0, "activity": 0}
    assert all(loss.requires_grad for loss in values.values())


def test_losses_are_multiplied_by_the_task_weights(losses):
    targets = torch.ones(2, 4, 4).long(), torch.tensor([0, 1])
    default, plain = losses(*targets), losses(*targets, task_weights={"activity": 1, "segmentation": 1})
    scaled = losses(*targets, task_weights={"segmentation": 3})
    torch.testing.assert_close(scaled["segmentation"], 3 * plain["segmentation"])
    torch.testing.assert_close(scaled["activity"], default["activity"])
    torch.testing.assert_close(default["activity"], 0.5 * plain["activity"])


def test_losses_include_dice_with_its_weight(losses):
    targets = torch.ones(2, 4, 4).long(), torch.tensor([0, 1])
    assert losses(*targets, dice_weight=1.0)["segmentation"] > losses(*targets)["segmentation"]


def test_frozen_returns_modules_without_trained_parameters():
    model = nn.Sequential(nn.BatchNorm2d(3).requires_grad_(False), nn.Conv2d(3, 3, 1), nn.ReLU())
    assert frozen(model) == [model[0]]


def test_learning_rate_rises_then_follows_a_cosine_to_zero():
    rates = [learning_rate(step, 100, peak=1.0) for step in range(101)]
    assert rates[0] == pytest.approx(0.2)
    assert max(rates) == rates[5] == 1
    assert rates[-1] == pytest.approx(0)
    assert all(later < earlier for earlier, later in pairwise(rates[5:]))
