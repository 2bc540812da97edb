"""Layers that get adapters, and batch norms with statistics per task."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from robustbench_endo.models import build
from robustbench_endo.models.layers.lora_inject import TaskBatchNorm2d


@pytest.mark.parametrize(("backbone", "layer"), [("tiny-resnet", nn.Conv2d), ("tiny-endoarss", nn.Linear)])
def test_inject_lora_adapts_every_layer_of_a_tesla_body(backbone, layer):
    body = build(f"{backbone}/tesla", 4, 2).trunk.encoder.body
    plain = [name for name, module in body.named_modules() if isinstance(module, layer) and not name.endswith("shared")]
    assert plain == []


def test_task_batch_norm_uses_the_statistics_of_its_task():
    norm, reference = TaskBatchNorm2d(nn.BatchNorm2d(3), tasks=2), nn.BatchNorm2d(3)
    x = torch.randn(6, 3, 5, 5)
    torch.testing.assert_close(norm(x)[3:], reference(x[3:]))
    torch.testing.assert_close(norm.running_mean[1], reference.running_mean)
    torch.testing.assert_close(norm.running_var[1], reference.running_var)
    torch.testing.assert_close(norm.eval()(x)[3:], reference.eval()(x[3:]))
