"""Accumulation over micro-batches and processes, scales, degenerate losses, resuming."""

from __future__ import annotations

import math
import runpy
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from robustbench_endo.errors import TrainingError
from robustbench_endo.models import build
from robustbench_endo.training.weighting import TaskGradients, load_weighting

OPTIONS = {"stch": {"warmup_epoch": 1}}

RESUMED = (
    "torchjd:pcgrad",
    "torchjd:gradvac",
    "torchjd:pcd",
    "torchjd:excessmtl",
    "torchjd:random",
    "torchjd:graddrop",
)

SCRIPT = Path(__file__).with_name("two_processes.py")

METHODS = ["equal", "moco", "aligned_mtl", "stch", "db_mtl", *(["torchjd:random"] if find_spec("torchjd") else [])]

SPEC = "tiny-resnet/{}@width=12,head_channels=8,input_size=32x40"

STEPS = 12


def trained(toy, steps=6):
    log = [toy.step(step) for step in range(steps)]
    return log, [p.detach().clone() for p in (toy.shared, toy.head_a, toy.head_b)]


def test_add_sums_micro_batches(toy, method):
    full, parts = toy(method, **OPTIONS.get(method, {})), toy(method, **OPTIONS.get(method, {}))
    for step in range(5):
        full.step(step)
        parts.weighting.start_epoch(step // 2)
        for rows, fraction in ((slice(0, 6), 0.75), (slice(6, 8), 0.25)):
            parts.gradients.add(parts.losses(rows), fraction=fraction)
        parts.gradients.finish()
        parts.optimizer.step()
    torch.testing.assert_close(parts.shared, full.shared, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(parts.head_b, full.head_b, rtol=1e-5, atol=1e-6)


def test_add_scales_only_the_gradients(toy, method):
    plain, scaled = toy(method), toy(method)
    log = plain.step(0)
    scaled.gradients.add(scaled.losses(), scale=1024.0)
    assert scaled.gradients.finish() == log
    for ours, theirs in ((plain.shared, scaled.shared), (plain.head_a, scaled.head_a)):
        assert torch.equal(ours.grad * 1024, theirs.grad)


def test_add_assigns_auxiliary_losses_by_name(toy, method):
    def one(auxiliary):
        ours = toy(method)
        ours.gradients.add(ours.losses(), auxiliary(ours))
        return ours.gradients.finish(), ours

    named, with_name = one(lambda t: {"gate_b": t.shared.square().sum()})
    nameless, _ = one(lambda t: {"decay": t.shared.square().sum()})
    bare = toy(method)
    losses = bare.losses()
    bare.gradients.add({"a": losses["a"], "b": losses["b"] + bare.shared.square().sum()})
    assert bare.gradients.finish() == pytest.approx(named)
    torch.testing.assert_close(bare.shared.grad, with_name.shared.grad)
    halves = [nameless[f"loss/{task}"] - losses[task].item() for task in "ab"]
    assert halves == pytest.approx([bare.shared.square().sum().item() / 2] * 2, rel=1e-4)


def test_equal_is_one_backward_pass(toy):
    ours, theirs = toy("equal"), toy("equal")
    passes: list[int] = []
    ours.gradients.buffer.add = count(ours.gradients.buffer.add, passes)
    ours.gradients.add(ours.losses())
    ours.gradients.finish()
    sum(theirs.losses().values()).backward()
    assert torch.equal(ours.shared.grad, theirs.shared.grad)
    assert torch.equal(ours.head_a.grad, theirs.head_a.grad)
    assert len(passes) == 1


def count(function, passes):
    def counted(*arguments, **options):
        passes.append(1)
        return function(*arguments, **options)

    return counted


@pytest.mark.parametrize("name", ["moco", "stch", "db_mtl", "torchjd:pcgrad"])
def test_one_task_gets_its_gradient(name):
    layer = nn.Linear(3, 1)
    x = torch.arange(6.0).reshape(2, 3)
    loss = layer(x).square().mean()
    gradients = TaskGradients.of(
        layer, {"only": loss}, {}, load_weighting(name) if name != "torchjd:pcgrad" else other(name)
    )
    gradients.add({"only": loss}, scale=2.0)
    log = gradients.finish()
    (expected,) = torch.autograd.grad(layer(x).square().mean(), [layer.weight])
    assert torch.equal(layer.weight.grad, 2 * expected)
    assert log == {"loss/only": loss.item(), "weight/only": 1.0, "scale/only": 1.0}


def other(name):
    pytest.importorskip("torchjd")
    return load_weighting(name)


def test_finish_synchronises_one_flat_tensor(toy, method):
    ours, shapes = toy(method), []
    ours.gradients.add(ours.losses())

    def double(flat):
        shapes.append(flat.shape)
        return flat * 2

    log = ours.gradients.finish(double)
    rows = 1 if method == "equal" else 2
    assert shapes == [(2 + rows * 15 + 6,)]
    assert log["loss/a"] == pytest.approx(2 * ours.losses()["a"].item())


@pytest.mark.parametrize("name", ["equal", "moco", "aligned_mtl", "stch", "db_mtl", *RESUMED])
@pytest.mark.parametrize("after", [1, 3, 5])
def test_resumed_steps_are_bit_identical(toy, name, after, tmp_path):
    if name in RESUMED:
        pytest.importorskip("torchjd")
    options = OPTIONS.get(name, {})
    straight = toy(name, **options)
    log, parameters = trained(straight)
    first = toy(name, **options)
    trained(first, after)
    torch.save(first.weighting.state_dict(), tmp_path / "state.pt")
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    numbers = {"W0": first.shared, "head_a0": first.head_a, "head_b0": first.head_b}
    second = toy(
        name,
        {"X": first.x, "target_a": first.target_a, "target_b": first.target_b}
        | {n: p.detach() for n, p in numbers.items()},
        **options,
    )
    second.weighting.load_state_dict(state)
    assert [second.step(step) for step in range(after, 6)] == log[after:]
    assert all(
        torch.equal(p, q) for p, q in zip(parameters, (second.shared, second.head_a, second.head_b), strict=True)
    )


def test_task_gradients_reject_a_parameter_in_two_groups():
    p = nn.Parameter(torch.zeros(3, 2))
    with pytest.raises(TrainingError, match="shared and task-specific parameters, got one in both"):
        TaskGradients(("a", "b"), [p], {"a": [p]}, load_weighting("moco"))
    with pytest.raises(TrainingError, match=r"a slice for each of 2, got shape \(3, 2\): pass it as shared"):
        TaskGradients(("a", "b"), [], {"a": [p], "b": [p]}, load_weighting("moco"))


@pytest.mark.parametrize("constant", [True, False])
def test_add_takes_a_batch_without_labels_of_a_task(toy, method, constant):
    ours = toy(method)
    for step in range(3):
        losses = ours.losses()
        losses["b"] = torch.tensor(0.0) if constant else losses["b"] * 0
        ours.weighting.start_epoch(step)
        ours.gradients.add(losses)
        log = ours.gradients.finish()
        assert all(math.isfinite(value) for value in log.values())
        assert ours.shared.grad.isfinite().all()
        assert ours.shared.grad.abs().sum() > 0
        assert ours.head_b.grad.tolist() == [0, 0, 0]


def test_add_without_losses_gives_zero_gradients(toy, method):
    ours = toy(method)
    ours.gradients.add({})
    ours.gradients.finish()
    assert ours.shared.grad.abs().sum() == ours.head_a.grad.abs().sum() == 0


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_finish_writes_gradients_that_are_not_finite_and_keeps_the_state(toy, method, bad):
    ours = toy(method)
    ours.step(0)
    before = ours.weighting.state_dict()
    losses = ours.losses()
    ours.gradients.add({"a": losses["a"] * bad, "b": losses["b"]})
    ours.gradients.finish()
    assert not ours.shared.grad.isfinite().all()
    after = ours.weighting.state_dict()
    assert all(
        torch.equal(torch.as_tensor(before[name]), torch.as_tensor(after[name]))
        for name in before
        if before[name] is not None
    )
    ours.gradients.add(ours.losses())
    ours.gradients.finish()
    assert ours.shared.grad.isfinite().all()


@pytest.mark.slow
@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="this build of torch has no gloo")
def test_two_processes_take_the_step_of_one(tmp_path):
    arguments = [",".join(METHODS), str(tmp_path)]
    running = [subprocess.Popen([sys.executable, str(SCRIPT), str(rank), "2", *arguments]) for rank in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2))
    trained_once = runpy.run_path(str(SCRIPT))["trained"]
    for method in METHODS:
        for name, expected in trained_once(method, 0, 1).items():
            torch.testing.assert_close(first[method][name], expected, rtol=1e-4, atol=1e-6, msg=f"{method} {name}")
            assert torch.equal(first[method][name], second[method][name])


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


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["mmoe", "dselect_k", "tesla"])
def test_methods_reduce_both_losses_of_the_zoo(architecture, method):
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
