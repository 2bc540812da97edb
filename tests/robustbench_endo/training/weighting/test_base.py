"""Properties of all methods, and equality with the reference implementation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from robustbench_endo.errors import TrainingError
from robustbench_endo.training.weighting import load_weighting
from robustbench_endo.training.weighting.base import check_range

ROW = torch.tensor([3.0, -4.0, 0.0, 1.0])
CASES = ("zero", "one absent", "identical", "opposing", "tiny", "huge", "nothing shared")

PARITY = Path(__file__).parents[5] / "shared" / "parity" / "mtl_weighting.npz"

REFERENCES = {
    "equal": ("EW", ""),
    "moco": ("MoCo", "MoCo_"),
    "aligned_mtl": ("Aligned_MTL", ""),
    "stch": ("STCH", "STCH_"),
    "db_mtl": ("DB_MTL", "DB_"),
}

GOLDEN = {
    "equal": "1.62875 1 1 0.76778 1 1 1.08421 -0.466464 -0.589178 "
    "0.249804 0.618207 -0.351091 0.209457 -0.813178 -0.234948",
    "moco": "1.58001 0.467903 1 0.74719 0.532097 1 1.07382 -0.596307 -0.472291 "
    "0.273382 0.620391 -0.37135 0.209424 -0.818643 -0.233126",
    "aligned_mtl": "1.65329 0.210317 1 0.795352 0.508333 1 1.09387 -0.333192 -0.744735 "
    "0.203221 0.617721 -0.310572 0.20976 -0.802438 -0.23578",
    "stch": "2.27397 1 0.423448 0.761965 1 1.36108 1.08717 -0.407103 -0.666799 "
    "0.547031 0.487254 -0.678055 0.204556 -0.77513 -0.280608",
    "db_mtl": "2.3527 1 0.425044 0.781636 1 1.27937 1.09024 -0.320648 -0.733154 "
    "0.53721 0.480263 -0.670707 0.205815 -0.771239 -0.274909",
}
"""After six steps: losses, weights and factors of both tasks, the sums of the rows of W, both heads."""

CLOSE = {"atol": 1e-5, "rtol": 0}


@pytest.mark.parametrize("case", CASES)
def test_combine_is_finite_for_degenerate_gradients(method, case, degenerate):
    weighting = load_weighting(method, **({"warmup_epoch": 0} if method == "stch" else {}))
    losses, gradients = degenerate[case]
    for epoch in range(3):
        weighting.start_epoch(epoch)
        combined = weighting.combine(torch.tensor(losses), gradients.clone())
        assert combined.shared.isfinite().all()
        assert combined.shared.shape == gradients.shape[1:]
        assert (combined.factors[:, None] * gradients).isfinite().all()


def test_combine_adds_equal_gradients_and_cancels_opposite_ones(method):
    for sign, length in ((1, None), (-1, 0)):
        weighting = load_weighting(method)
        combined = weighting.combine(torch.ones(2), torch.stack([ROW, sign * ROW]))
        direction = combined.shared / combined.shared.norm() if length is None else combined.shared
        torch.testing.assert_close(direction, ROW / ROW.norm() if length is None else torch.zeros(4))


def test_combine_with_absent_task_keeps_direction_of_the_other(method):
    combined = load_weighting(method).combine(torch.tensor([1.5, 0.0]), torch.stack([ROW, torch.zeros(4)]))
    torch.testing.assert_close(combined.shared / combined.shared.norm(), ROW / ROW.norm())


@pytest.mark.parametrize("tasks", [2, 3])
def test_equal_is_the_sum_of_gradients(tasks, system):
    losses, gradients = system(tasks)
    combined = load_weighting("equal").combine(losses, gradients)
    torch.testing.assert_close(combined.shared, gradients.sum(dim=0))
    assert combined.factors.tolist() == combined.weights.tolist() == [1.0] * tasks


def test_methods_equal_the_reference_implementation(toy, method):
    if not PARITY.is_file():
        pytest.skip("numbers of the reference implementation are not part of the repository: ../shared is absent")
    np = pytest.importorskip("numpy")
    name_there, prefix = REFERENCES[method]
    recorded = {name: torch.from_numpy(value) for name, value in np.load(PARITY).items()}
    options = json.loads(PARITY.with_suffix(".json").read_text())[name_there]
    ours = toy(method, recorded, **{name.removeprefix(prefix): value for name, value in options.items()})

    def same(value, name, step):
        torch.testing.assert_close(
            torch.as_tensor(value), recorded[f"{name_there}.{name}"][step], **CLOSE, check_dtype=False
        )

    for step in range(6):
        log = ours.step(step)
        same([log["loss/a"], log["loss/b"]], "losses", step)
        same([log["weight/a"], log["weight/b"]], "weights", step)
        for name, parameter in (("shared", ours.shared), ("head_a", ours.head_a), ("head_b", ours.head_b)):
            same(parameter.grad, f"grad_{name}", step)
    torch.testing.assert_close(ours.shared.detach(), recorded[f"{name_there}.final_W"], **CLOSE)


def test_methods_reproduce_golden_values(toy, method):
    ours = toy(method, **({"warmup_epoch": 1} if method == "stch" else {}))
    log = [ours.step(step) for step in range(6)][-1]
    values = [*log.values(), *ours.shared.detach().sum(dim=1).tolist(), *ours.head_a.tolist(), *ours.head_b.tolist()]
    assert values == pytest.approx([float(number) for number in GOLDEN[method].split()], abs=1e-5)


def test_state_dict_is_a_copy(toy):
    ours = toy("moco")
    ours.step(0)
    state = ours.weighting.state_dict()
    before = state["tracked"].clone()
    ours.step(1)
    assert torch.equal(state["tracked"], before)


@pytest.mark.parametrize("name", ["moco", "torchjd:pcgrad"])
def test_load_state_dict_rejects_state_of_another_method(toy, name):
    if name.startswith("torchjd"):
        pytest.importorskip("torchjd")
    stch = toy("stch").weighting.state_dict()
    with pytest.raises(TrainingError, match=rf"state of the weighting {name}.*got .*epoch, sums, counts: resume with"):
        load_weighting(name).load_state_dict(stch)


@pytest.mark.parametrize(("value", "accepted"), [(0, True), (1.5, True), (-0.1, False), (True, False), ("1", False)])
def test_check_range_accepts_numbers_in_range(value, accepted):
    if accepted:
        check_range("beta", value, 0)
    else:
        with pytest.raises(TrainingError, match="a number of 0 or more for the weighting option beta"):
            check_range("beta", value, 0)
