"""Losses of a step, and the learning rate."""

from __future__ import annotations

import re
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode

from robustbench_endo.models.zoo import build
from robustbench_endo.tasks.registry import get_task
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


NONDETERMINISTIC = re.compile(
    "nll_?loss2d|adaptive_?(avg|max)_?pool|avg_?pool3d|fractional|upsample_?(bi|tri)?(linear|cubic)|reflection_?pad"
    "|grid_?sampler|histc|kthvalue|max_?unpool|:put_|^PutBackward|scatter_?reduce|ctc|embedding_?bag|median",
    re.IGNORECASE,
)
"""Operations, and nodes of their gradients, that torch warns of on CUDA under deterministic algorithms."""


class Operations(TorchDispatchMode):
    """Names of the operations inside."""

    def __init__(self):
        super().__init__()
        self.names = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.add(func._schema.name)
        return func(*args, **(kwargs or {}))


def gradient_names(tensor):
    """Names of the nodes of the graph of a tensor."""
    pending, visited = [tensor.grad_fn], set()
    while pending:
        node = pending.pop()
        if node is not None and node not in visited:
            visited.add(node)
            pending += [after for after, _ in node.next_functions]
    return {node.name() for node in visited}


@pytest.mark.parametrize("spec", ["tiny-resnet/dselect_k", "tiny-endoarss/tesla"])
def test_losses_on_a_gpu_have_no_nondeterministic_operation(spec):
    model = build(f"{spec}@input_size=64x96", 4, 3).train()
    step = SimpleNamespace(config=TrainConfig(dice_weight=0.5), label_weights={})
    torch.use_deterministic_algorithms(True, warn_only=True)  # which changes F.interpolate on CUDA
    try:
        with FakeTensorMode(allow_non_fake_inputs=True), Operations() as operations:
            state = {
                name: torch.empty(value.shape, dtype=value.dtype, device="cuda").requires_grad_(value.requires_grad)
                for name, value in [*model.named_parameters(), *model.named_buffers()]
            }
            logits = functional_call(model, state, (torch.rand(2, 3, 64, 96, device="cuda"),))
            masks = torch.zeros(2, 64, 96, dtype=torch.int64, device="cuda")
            step.label_weights = {
                "segmentation": torch.rand(4, device="cuda"),
                "activity": torch.rand(3, device="cuda"),
            }
            targets = {"segmentation": masks, "activity": masks[:, 0, 0]}
            batch = Batch(masks, targets, ("a", "b"))
            losses = [TrainStep._loss(step, get_task(name), logits[name], batch) for name in targets]
            names = operations.names | gradient_names(sum(losses))
    finally:
        torch.use_deterministic_algorithms(False)
    assert {"ConvolutionBackward0", "aten::convolution"} <= names
    assert [name for name in sorted(names) if NONDETERMINISTIC.search(name)] == []
