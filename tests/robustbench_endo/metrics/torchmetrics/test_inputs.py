"""From label maps, one-hot masks and logits to label maps; wrong ones are refused in one sentence."""

import doctest
import re

import pytest
import torch
from torch.nn.functional import one_hot

pytest.importorskip("torchmetrics")

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.torchmetrics import inputs
from robustbench_endo.metrics.torchmetrics.inputs import to_label_maps

C = 4
LABELS = torch.randint(0, C, (2, 12, 20), generator=torch.Generator().manual_seed(0))
TARGET = LABELS.flip(2).clone()
ONE_HOT = one_hot(LABELS, C).movedim(3, 1)
LOGITS = ONE_HOT * 8.0 - 4


def test_docstring_example_runs():
    assert doctest.testmod(inputs) == (0, 2)


@pytest.mark.parametrize(
    "preds",
    [
        LABELS,
        LABELS.byte(),
        LABELS.to(torch.int16),
        ONE_HOT,
        ONE_HOT.bool(),
        ONE_HOT.float(),
        LOGITS,
        LOGITS.half(),
        LOGITS.bfloat16(),
        LOGITS.double().softmax(1),
        LOGITS.requires_grad_(),
    ],
)
@pytest.mark.parametrize("target", [TARGET, TARGET.int(), one_hot(TARGET, C).movedim(3, 1)])
def test_to_label_maps_accepts_all_codings(preds, target):
    predicted, true = to_label_maps(preds, target, C)
    assert predicted.dtype == true.dtype == torch.uint8
    assert predicted.equal(LABELS.byte())
    assert true.equal(TARGET.byte())


@pytest.mark.parametrize("ignore_index", [255, -100, 2])
def test_to_label_maps_ignores_a_label(ignore_index):
    target, preds = TARGET.clone(), LABELS.clone()
    target[0, :3] = ignore_index
    preds[target == ignore_index] = 99  # counts for nothing, so it is not checked
    _, true = to_label_maps(preds, target, C, ignore_index=ignore_index)
    assert true.eq(255).equal(target == ignore_index)


def test_to_label_maps_ignores_frames_that_are_not_finite():
    logits = LOGITS.detach().clone()
    logits[1, 2, 3, 4] = torch.inf
    _, true = to_label_maps(logits, TARGET, C)
    assert true[0].equal(TARGET[0].byte())
    assert bool((true[1] == 255).all())


@pytest.mark.parametrize(
    ("preds", "target", "options", "message"),
    [
        (LABELS.tolist(), TARGET, {}, "Expected a tensor as preds, got list"),
        (LABELS[0], TARGET[0], {}, r"as preds, got \(12, 20\): add the axis of the batch"),
        (LABELS[:0], TARGET[:0], {}, r"got \(0, 12, 20\).*empty batches"),
        (LABELS.float(), TARGET, {}, r"got torch.float32 of shape \(2, 12, 20\): give the logits"),
        (LABELS, TARGET.float(), {}, r"got torch.float32: convert it with .long\(\)"),
        (LABELS[:, :6], TARGET, {}, r"one size, got \(2, 6, 20\) and \(2, 12, 20\)"),
        (LOGITS[:, :3], TARGET, {}, r"4 channels in preds.*got shape \(2, 3, 12, 20\)"),
        (LABELS, TARGET[:, None], {}, r"4 channels in target.*or integer labels \(B, H, W\), tensor.squeeze\(1\)"),
        (LABELS + 1, TARGET, {}, "from 0 to 3 in preds, got 4: set num_classes"),
        (LABELS - 1, TARGET, {}, "from 0 to 3 in preds, got -1"),
        (LABELS, TARGET + 256, {}, r"from 0 to 3 in target, got 25\d: set num_classes or ignore_index"),
        (LABELS, TARGET.masked_fill(TARGET == 3, 255), {"ignore_index": None}, "in target, got 255"),
        (torch.ones_like(ONE_HOT), TARGET, {}, "one class per pixel in the one-hot mask preds"),
        (LABELS, TARGET, {"input_format": "one-hot"}, "input_format 'one-hot', got 3 and 3 dimensions"),
        (LOGITS, TARGET, {"input_format": "index"}, "input_format 'index', got 4 and 3"),
        (LABELS, TARGET, {"input_format": "mixed"}, "input_format 'mixed', got 3 and 3"),
        (LABELS, TARGET.to("meta"), {}, "on one device, got cpu and meta"),
    ],
)
def test_to_label_maps_refuses_other_input_in_one_sentence(preds, target, options, message):
    with pytest.raises(RobustEndoError, match=message) as caught:
        to_label_maps(preds, target, C, **options)
    assert re.fullmatch(r"Expected .+, got .+", str(caught.value))
