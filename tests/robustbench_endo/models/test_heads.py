"""Heads: shapes, pooling, and the order that checkpoints depend on."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from robustbench_endo.models import build
from robustbench_endo.models.backbones import BACKBONES
from robustbench_endo.models.endoarss_release import RATES, SegmentationDecoder
from robustbench_endo.models.heads import ASPP, HEADS, ClassificationHead, DeepLabHead
from robustbench_endo.tasks.registry import TASKS


@pytest.mark.parametrize("upscale", [1, 4])
def test_deeplab_head_upscales_its_logits(upscale):
    logits = DeepLabHead(8, 5, 4, (1, 2), upscale).eval()(torch.rand(2, 8, 6, 7))
    assert logits.shape == (2, 5, 6 * upscale, 7 * upscale)


def test_aspp_has_a_branch_for_each_rate_and_one_of_1_x_1():
    aspp = ASPP(8, 4, (2, 3))
    assert [branch[0].dilation for branch in aspp.branches] == [(1, 1), (2, 2), (3, 3)]


def test_aspp_is_that_of_the_authors_with_norm_and_dropout():
    """Against the pyramid that reads their checkpoints, see test_endoarss_release.py."""
    theirs = SegmentationDecoder(7)
    ours = DeepLabHead(256, 7, 256, RATES, pooled_norm=True, dropout=0.5)
    assert [tensor.shape for tensor in ours.state_dict().values()] == [
        tensor.shape for tensor in theirs.state_dict().values()
    ]
    tensors = zip(ours.state_dict(), theirs.state_dict().values(), strict=True)
    ours.load_state_dict(dict(tensors))
    assert ours.aspp.dropout.p == theirs[0].project[3].p == 0.5
    features = torch.randn(2, 256, 6, 8)
    for mode in (True, False):
        ours.train(mode)
        theirs.train(mode)
        torch.manual_seed(0)
        expected = theirs(features)
        torch.manual_seed(0)
        torch.testing.assert_close(ours(features), expected, atol=1e-4, rtol=1e-4)


def test_aspp_with_norm_trains_on_a_batch_of_one():
    aspp = ASPP(8, 4, (2,), pooled_norm=True).train()
    norm = aspp.image[2]
    norm.running_mean.fill_(0.25)
    x = torch.rand(1, 8, 5, 5)
    assert aspp(x).isfinite().all()
    assert norm.running_mean.eq(0.25).all()
    aspp(torch.rand(2, 8, 5, 5))
    assert not norm.running_mean.eq(0.25).any()


@pytest.mark.parametrize(
    ("spec", "norm", "dropout"),
    [
        ("tiny-resnet/hps", False, 0.0),
        ("tiny-endoarss/hps", False, 0.0),
        ("dinov2/hps@size=s,depth=1", True, 0.5),
        ("dinov2/hps@size=s,depth=1,pooled_norm=no,dropout=0", False, 0.0),
    ],
)
def test_head_of_a_large_backbone_is_the_authors(spec, norm, dropout):
    aspp = build(spec, 3).heads["segmentation"].aspp
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in aspp.image) == norm
    assert aspp.dropout.p == dropout


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
