"""Collecting: micro-batches, scales, processes, passes; and resuming."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from robustbench_endo.errors import TrainingError
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


def trained(toy, steps=6):
    log = [toy.step(step) for step in range(steps)]
    return log, [p.detach().clone() for p in (toy.shared, toy.head_a, toy.head_b)]


def test_micro_batches_add_up_to_their_batch(toy, method):
    whole, parts = toy(method, **OPTIONS.get(method, {})), toy(method, **OPTIONS.get(method, {}))
    for step in range(5):
        whole.step(step)
        parts.weighting.start_epoch(step // 2)
        for rows, share in ((slice(0, 6), 0.75), (slice(6, 8), 0.25)):
            parts.gradients.add(parts.losses(rows), share=share)
        parts.gradients.finish()
        parts.optimizer.step()
    torch.testing.assert_close(parts.shared, whole.shared, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(parts.head_b, whole.head_b, rtol=1e-5, atol=1e-6)


def test_a_loss_scale_comes_out_in_the_gradients_only(toy, method):
    plain, scaled = toy(method), toy(method)
    log = plain.step(0)
    scaled.gradients.add(scaled.losses(), scale=1024.0)
    assert scaled.gradients.finish() == log
    for ours, theirs in ((plain.shared, scaled.shared), (plain.head_a, scaled.head_a)):
        assert torch.equal(ours.grad * 1024, theirs.grad)


def test_auxiliary_losses_belong_to_the_task_that_they_name(toy, method):
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


def test_equal_is_the_plain_backward_in_one_pass(toy):
    ours, theirs = toy("equal"), toy("equal")
    passes: list[int] = []
    ours.gradients.buffers.add = count(ours.gradients.buffers.add, passes)
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
def test_one_task_has_nothing_to_weigh(name):
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


def test_processes_meet_once_a_step_over_one_flat_tensor(toy, method):
    ours, seen = toy(method), []
    ours.gradients.add(ours.losses())

    def double(flat):
        seen.append(flat.shape)
        return flat * 2

    log = ours.gradients.finish(double)
    rows = 1 if method == "equal" else 2
    assert seen == [(2 + rows * 15 + 6,)]
    assert log["loss/a"] == pytest.approx(2 * ours.losses()["a"].item())


@pytest.mark.parametrize("name", ["equal", "moco", "aligned_mtl", "stch", "db_mtl", *RESUMED])
@pytest.mark.parametrize("after", [1, 3, 5])
def test_resumed_is_bit_for_bit_uninterrupted(toy, name, after, tmp_path):
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


def test_a_state_is_a_copy(toy):
    ours = toy("moco")
    ours.step(0)
    state = ours.weighting.state_dict()
    before = state["tracked"].clone()
    ours.step(1)
    assert torch.equal(state["tracked"], before)


@pytest.mark.parametrize("name", ["moco", "torchjd:pcgrad"])
def test_the_state_of_another_method_is_refused(toy, name):
    if name.startswith("torchjd"):
        pytest.importorskip("torchjd")
    stch = toy("stch").weighting.state_dict()
    with pytest.raises(TrainingError, match=rf"state of the weighting {name}.*got .*epoch, sums, counts: resume with"):
        load_weighting(name).load_state_dict(stch)


def test_the_callers_random_numbers_are_left_alone(toy):
    pytest.importorskip("torchjd")
    ours = toy("torchjd:random")
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    ours.step(0)
    assert torch.equal(torch.rand(2), expected)


def test_random_weightings_draw_from_the_number_of_the_step_alone(toy):
    pytest.importorskip("torchjd")
    drawn = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        ours = toy("torchjd:random")
        drawn.append([ours.step(step)["weight/a"] for step in range(3)])
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) == 3


def test_a_parameter_has_one_place():
    p = nn.Parameter(torch.zeros(3, 2))
    with pytest.raises(TrainingError, match="shared or a task's own, got one that is both"):
        TaskGradients(("a", "b"), [p], {"a": [p]}, load_weighting("moco"))
    with pytest.raises(TrainingError, match=r"a slice for each of 2, got shape \(3, 2\): call it shared"):
        TaskGradients(("a", "b"), [], {"a": [p], "b": [p]}, load_weighting("moco"))
