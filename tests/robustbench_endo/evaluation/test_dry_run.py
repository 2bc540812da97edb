"""A dry run says what would run, resumes nothing, writes nothing, and grows with the work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import torch

import robustbench_endo as rb
from robustbench_endo.data.synthetic.dataset import SyntheticScenes
from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.config import EvaluationConfig
from robustbench_endo.evaluation.dry_run import (
    FINISH_SECONDS,
    DryRun,
    _representative,
    _row_bytes,
    _with_larger_batches,
    dry_run,
)
from robustbench_endo.evaluation.plan import build_plan

SIZE = (48, 64)


class Network(torch.nn.Module):
    """Seven logits of one convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = torch.nn.Conv2d(3, 7, 1)

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"segmentation": self.convolution(images)}


@pytest.fixture
def dry(tmp_path: Path) -> Callable[..., DryRun]:
    def run(frames: int = 8, out: Path = tmp_path / "run", **options: Any) -> DryRun:
        torch.manual_seed(0)
        settings = {
            "corruptions": "contrast,brightness",
            "severities": (1, 5),
            "device": "cpu",
            "workers": 1,
            **options,
        }
        config = EvaluationConfig(out=tmp_path / "temporary", **settings)
        return dry_run(build_plan(config, {"net": Network()}, SyntheticScenes(frames=frames, size=SIZE)), out)

    return run


def test_dry_run_counts_what_would_run_and_writes_nothing(dry: Callable[..., DryRun], tmp_path: Path) -> None:
    planned = dry(frames=8)
    assert planned.models == {"net": 28}
    assert (planned.frames, planned.conditions, planned.model_frames) == (8, 5, 40)
    assert (planned.chunks, planned.finished_chunks, planned.workers) == (8, 0, 1)
    assert planned.seconds > FINISH_SECONDS
    assert planned.memory_bytes is None or planned.memory_bytes > 2**26
    assert planned.device_bytes is None
    assert not (tmp_path / "run").exists()
    assert not list((tmp_path / "temporary").rglob("*.*"))


def test_dry_run_of_a_finished_run_has_nothing_to_compute(dry: Callable[..., DryRun], tmp_path: Path) -> None:
    torch.manual_seed(0)
    data = SyntheticScenes(frames=2, size=SIZE)
    out = tmp_path / "run"
    rb.evaluate({"net": Network()}, data, "contrast", (1,), out, device="cpu", workers=1)
    planned = dry(frames=2, corruptions="contrast", severities=(1,))
    assert (planned.chunks, planned.finished_chunks, planned.model_frames) == (2, 2, 0)
    assert planned.seconds == FINISH_SECONDS
    with pytest.raises(RunError, match="Cannot resume"):
        dry(frames=2, corruptions="contrast", severities=(1,), seed=5)


def test_disk_and_work_grow_with_the_frames(dry: Callable[..., DryRun]) -> None:
    few, many = dry(frames=4), dry(frames=48)
    assert many.model_frames == 12 * few.model_frames
    assert many.disk_bytes > few.disk_bytes


def test_dry_run_refuses_severities_that_are_not_known_yet(dry: Callable[..., DryRun]) -> None:
    with pytest.raises(RobustEndoError, match=r"Expected fixed severities for --dry-run, got --target-distortion"):
        dry(target_distortion=0.2, severities=(1, 2, 3, 4, 5))


def test_representative_conditions_cover_the_suite_evenly() -> None:
    conditions = [Condition(name, severity) for name in "abcdef" for severity in (1, 2, 3)]
    assert [each.corruption for each in _representative(conditions, 99)] == list("abcdef")
    assert {each.severity for each in _representative(conditions, 99)} == {1, 2, 3}
    assert [each.corruption for each in _representative(conditions, 3)] == ["a", "c", "e"]


def test_estimates_of_bytes_leave_out_what_does_not_grow() -> None:
    table = pa.table({"x": list(range(1000))})
    assert 0 < _row_bytes(table) < 16
    assert _row_bytes(table.slice(0, 0)) == 0
    assert _with_larger_batches(100, 160, 2.0) == 220
    assert _with_larger_batches(100, 160, 0.5) == 160
    assert _with_larger_batches(None, 160, 2.0) == 160
