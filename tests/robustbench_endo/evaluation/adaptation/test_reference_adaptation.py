"""BN, Tent and MEMO next to the authors' code: numbers recorded from it.

``reference.json`` has the commits of DequanWang/tent and zhangmarvin/memo and the outputs of their code for the network
and the batches of ``conftest.py``: Tent (Adam, lr 0.05, two steps per batch) and Norm over three batches; MEMO (SGD,
lr 0.05, two steps, three copies of a frame) for four frames. For masks their code got every pixel as a row.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from robustbench_endo.evaluation.adaptation import episode
from robustbench_endo.evaluation.adaptation.episode import Episode
from robustbench_endo.evaluation.adaptation.settings import BatchNorm, Memo, Tent

REFERENCE = json.loads((Path(__file__).parent / "reference.json").read_text())
TASKS = ("segmentation", "activity")


def rows(outputs, task, count):
    """The first numbers with the classes last, as recorded."""
    return outputs[task].movedim(1, -1).flatten()[:count]


def outputs_of(method, net, batches):
    adaptation, ids = Episode(method), tuple("abcd")
    return [adaptation.adapt(net, "condition", ids)(images) for images in batches]


@pytest.mark.parametrize("task", TASKS)
def test_bn_equals_the_code_of_tent(formulas, task):
    net = formulas.SmallNet(task).eval()
    outputs = outputs_of(BatchNorm(), net, formulas.batches())
    for output, expected in zip(outputs, REFERENCE["bn"][task], strict=True):
        torch.testing.assert_close(rows(output, task, 64), torch.tensor(expected), atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("task", TASKS)
def test_tent_equals_the_code_of_its_authors(formulas, task):
    net, adaptation = formulas.SmallNet(task).eval(), Episode(Tent(lr=0.05, steps=2))
    for images, expected in zip(formulas.batches(), REFERENCE["tent"][task], strict=True):
        output = adaptation.adapt(net, "condition", tuple("abcd"))(images)
        torch.testing.assert_close(rows(output, task, 64), torch.tensor(expected), atol=2e-5, rtol=1e-4)
    parameters = adaptation._states["condition"]._parameters
    expected = REFERENCE["tent"][f"{task} parameters"]
    assert set(parameters) == set(expected) == {"norm.weight", "norm.bias"}
    for name, values in expected.items():
        torch.testing.assert_close(parameters[name].detach(), torch.tensor(values), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("task", TASKS)
def test_memo_equals_the_code_of_its_authors(formulas, task, monkeypatch):
    def copies(image, count, name, step):
        return torch.stack([image * (0.5 + 0.25 * number) for number in range(count)])

    monkeypatch.setattr(episode, "augmented", copies)
    net, images = formulas.SmallNet(task).eval(), formulas.batches()[0]
    (output,) = outputs_of(Memo(lr=0.05, steps=2, augmentations=3), net, [images])
    before = net(images)[task]
    assert (output[task] - before).abs().max() > 1e-3
    for number, expected in enumerate(REFERENCE["memo"][task]):
        actual = output[task][number].movedim(0, -1).flatten()[:24]
        torch.testing.assert_close(actual, torch.tensor(expected), atol=2e-5, rtol=1e-4)
