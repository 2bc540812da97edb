"""Every method with every multi-task architecture learns both tasks."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from robustbench_endo.models import build
from robustbench_endo.training.weighting import TaskGradients, load_weighting

SPEC = "tiny-resnet/{}@width=12,head_channels=8,input_size=32x40"
STEPS = 12


def squares():
    """Dark frames with a bright square; the activity is its colour."""
    generator = torch.Generator().manual_seed(0)
    images = 0.2 * torch.rand(8, 3, 32, 40, generator=generator)
    masks = torch.zeros(8, 32, 40, dtype=torch.long)
    activities = torch.arange(8) % 2
    for image, mask, activity in zip(images, masks, activities, strict=True):
        row, column = (int(torch.randint(0, side - 14, (), generator=generator)) for side in (32, 40))
        mask[row : row + 14, column : column + 14] = 1
        image[activity, mask.bool()] = 0.9
    return images, masks, activities


@pytest.mark.parametrize("architecture", ["mmoe", "dselect_k", "tesla"])
def test_both_losses_fall(architecture, method):
    torch.manual_seed(0)
    model = build(SPEC.format(architecture), 2, 2).train()
    weighting = load_weighting(method, **({"warmup_epoch": 0} if method == "stch" else {}))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    images, masks, activities = squares()
    gradients, history = None, []
    for step in range(STEPS):
        weighting.start_epoch(step // 4)
        logits, auxiliary = model.with_auxiliary(images)
        enlarged = F.interpolate(logits["segmentation"], (32, 40), mode="bilinear")
        losses = {
            "segmentation": F.cross_entropy(enlarged, masks),
            "activity": F.cross_entropy(logits["activity"], activities),
        }
        gradients = gradients or TaskGradients.of(model, losses, auxiliary, weighting)
        gradients.add(losses, auxiliary)
        history.append(gradients.finish())
        optimizer.step()
    for task in ("segmentation", "activity"):
        curve = [log[f"loss/{task}"] for log in history]
        assert sum(curve[-3:]) < 0.9 * sum(curve[:3]), (task, curve)
