"""A step of a training on a GPU gives the same loss and weights twice."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from robustbench_endo.evaluation.device import deterministic
from robustbench_endo.models.zoo import build
from robustbench_endo.training import Hardware, TrainConfig
from robustbench_endo.training.data import Batch, InMemoryDataset, PrefetchLoader
from robustbench_endo.training.fabric import make_fabric
from robustbench_endo.training.train_step import TrainStep

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("spec", ["tiny-resnet/mmoe", "tiny-endoarss/tesla"])
def test_train_step_on_a_gpu_gives_the_same_loss_and_weights_twice(
    spec: str, precision: str, gpu: torch.device, squares: Any
) -> None:
    frames = InMemoryDataset(squares(4), (64, 96))
    random = torch.Generator().manual_seed(0)
    images = torch.rand(4, 3, 64, 96, generator=random)
    targets = {
        "segmentation": torch.randint(0, 3, (4, 64, 96), generator=random),
        "activity": torch.tensor([0, 1, 1, 0]),
    }

    def step() -> tuple[float, dict[str, torch.Tensor]]:
        torch.manual_seed(0)
        fabric = make_fabric(Hardware(gpu), precision)
        model = fabric.to_device(build(spec, 3, 2)).train()
        config = TrainConfig(precision=precision, class_weights="none")
        step = TrainStep(model, PrefetchLoader(frames, 4, 0, lambda: None), config, fabric)
        with deterministic(backward=True):
            losses = [step.step(Batch(images, targets, ("a", "b", "c", "d")))["loss"] for _ in range(2)]
        return losses[-1], model.state_dict()

    (first, weights), (second, others) = step(), step()
    assert first == second
    assert [name for name, weight in weights.items() if not torch.equal(weight, others[name])] == []
