"""Gradients that are zero, equal, opposite or not numbers, tasks that are absent: for every method."""

from __future__ import annotations

import math

import pytest
import torch

from robustbench_endo.training.weighting import list_weightings, load_weighting

ROW = torch.tensor([3.0, -4.0, 0.0, 1.0])
CASES = {
    "zero": ([0.0, 0.0], torch.zeros(2, 4)),
    "one absent": ([1.5, 0.0], torch.stack([ROW, torch.zeros(4)])),
    "identical": ([1.0, 1.0], torch.stack([ROW, ROW])),
    "opposing": ([1.0, 1.0], torch.stack([ROW, -ROW])),
    "tiny": ([1e-12, 1.0], torch.stack([1e-12 * ROW, ROW])),
    "huge": ([1e6, 1.0], torch.stack([1e12 * ROW, ROW])),
    "nothing shared": ([1.0, 2.0], torch.zeros(2, 0)),
}
THEIRS = [
    name
    for name in list_weightings()
    if name.startswith("torchjd:")
    and name.partition(":")[2] not in ("cagrad", "constant", "krum", "nashmtl", "trimmedmean")
]
"""TorchJD's aggregators that need no options and no more packages."""


@pytest.mark.parametrize("case", CASES)
def test_ours_stay_finite_in_every_phase(method, case):
    weighting = load_weighting(method, **({"warmup_epoch": 0} if method == "stch" else {}))
    losses, gradients = CASES[case]
    for epoch in range(3):
        weighting.start_epoch(epoch)
        combined = weighting.combine(torch.tensor(losses), gradients.clone())
        assert combined.shared.isfinite().all()
        assert combined.shared.shape == gradients.shape[1:]
        own = combined.own[:, None] * gradients
        assert own.isfinite().all()


@pytest.mark.parametrize("name", THEIRS)
@pytest.mark.parametrize("case", ["zero", "one absent", "identical", "opposing", "nothing shared"])
def test_torchjds_stay_finite(name, case):
    losses, gradients = CASES[case]
    weighting = load_weighting(name)
    for _ in range(2):
        combined = weighting.combine(torch.tensor(losses), gradients.clone())
        assert combined.shared.isfinite().all()
        assert combined.shared.shape == gradients.shape[1:]


def test_equal_gradients_are_added_and_opposite_ones_cancel(method):
    for sign, length in ((1, None), (-1, 0)):
        weighting = load_weighting(method)
        combined = weighting.combine(torch.ones(2), torch.stack([ROW, sign * ROW]))
        direction = combined.shared / combined.shared.norm() if length is None else combined.shared
        torch.testing.assert_close(direction, ROW / ROW.norm() if length is None else torch.zeros(4))


def test_an_absent_task_leaves_the_direction_to_the_other(method):
    combined = load_weighting(method).combine(torch.tensor([1.5, 0.0]), torch.stack([ROW, torch.zeros(4)]))
    torch.testing.assert_close(combined.shared / combined.shared.norm(), ROW / ROW.norm())


@pytest.mark.parametrize("constant", [True, False])
def test_a_batch_without_labels_of_a_task(toy, method, constant):
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


def test_no_task_at_all_moves_nothing(toy, method):
    ours = toy(method)
    ours.gradients.add({})
    ours.gradients.finish()
    assert ours.shared.grad.abs().sum() == ours.head_a.grad.abs().sum() == 0


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_not_finite_is_written_for_others_to_find_and_not_remembered(toy, method, bad):
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
