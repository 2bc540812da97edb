"""Heads: shapes, pooling, and the order that checkpoints depend on."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.models.backbones import BACKBONES
from robustbench_endo.models.heads import ASPP, HEADS, ClassificationHead, DeepLabHead
from robustbench_endo.tasks.registry import TASKS


@pytest.mark.parametrize("upscale", [1, 4])
def test_deeplab_head_upscales_its_logits(upscale):
    logits = DeepLabHead(8, 5, 4, (1, 2), upscale).eval()(torch.rand(2, 8, 6, 7))
    assert logits.shape == (2, 5, 6 * upscale, 7 * upscale)


def test_aspp_has_a_branch_for_each_rate_and_one_of_1_x_1():
    aspp = ASPP(8, 4, (2, 3))
    assert [branch[0].dilation for branch in aspp.branches] == [(1, 1), (2, 2), (3, 3)]


@pytest.mark.parametrize("pool", ["mean", "max"])
def test_classification_head_pools_over_the_map(pool):
    head = ClassificationHead(8, 3, 4, pool).eval()
    features = torch.rand(2, 8, 5, 6)
    maps = head.block(features)
    expected = head.classifier(maps.mean((2, 3)) if pool == "mean" else maps.amax((2, 3)))
    torch.testing.assert_close(head(features), expected)


def test_heads_exist_for_every_task_in_the_order_of_the_checkpoints():
    assert list(HEADS)[:2] == ["segmentation", "activity"]
    assert set(HEADS) == {task.name for task in TASKS}
    for task in TASKS:
        head = HEADS[task.name](BACKBONES[0](), 16, 3).eval()
        task.check_logits(head(torch.rand(2, 16, 8, 8)), 2)
