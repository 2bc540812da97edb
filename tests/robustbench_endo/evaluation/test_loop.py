"""The evaluation loop: its depth, its stages, and lost devices."""

import traceback
from pathlib import Path

import pytest
import torch
from torch import nn

import robustbench_endo as rb
from robustbench_endo.errors import RunError
from robustbench_endo.evaluation import loop
from robustbench_endo.evaluation.adaptation.episode import Episode
from robustbench_endo.evaluation.loop import device_errors, evaluate_condition, read_chunk
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.evaluation.workers import Workers

MAX_FRAMES, MAX_FILES = 8, 4


class CalledError(Exception):
    """Raised by the model: its traceback goes through the threads of the evaluation."""


class Traced(nn.Module):
    def forward(self, images):
        raise CalledError


def test_evaluate_reaches_the_model_in_few_frames_and_files(make_plan):
    plan = make_plan(frames=1)
    with pytest.raises(CalledError) as caught:
        rb.evaluate({"traced": Traced()}, plan.dataset, "contrast", (3,), device="cpu")
    package = Path(loop.__file__).parents[1]
    frames = [frame for frame in traceback.extract_tb(caught.tb) if Path(frame.filename).is_relative_to(package)]
    names = [frame.name for frame in frames]
    assert names[0] == "evaluate"
    assert names[-1] == "predict"
    assert len(frames) <= MAX_FRAMES, names
    assert len({frame.filename for frame in frames}) <= MAX_FILES


def test_loop_fits_on_a_page():
    lines = Path(loop.__file__).read_text("utf-8").splitlines()
    assert len(lines) <= 180


def test_evaluate_condition_records_every_model_and_frame(make_plan):
    plan = make_plan(frames=1)
    (batch, *_), failures = read_chunk(plan, 0, Profiler())
    with Workers(plan.models, plan.device, 1) as workers:
        records = evaluate_condition(
            plan, workers, Profiler(), Episode(None), batch.to(plan.device), plan.conditions[1]
        )
    assert failures == []
    assert [part["model"][0] for part in records.parts] == list(plan.models)
    table = records.to_table(plan.schema)
    assert len(table) == len(batch) * len(plan.models)
    assert set(table["severity"].to_pylist()) == {plan.conditions[1].severity}


class LostDevice(nn.Module):
    """A device that no longer responds."""

    def forward(self, images):
        raise RuntimeError("CUDA error: unspecified launch failure\nSearch for cudaErrorLaunchFailure")


def test_device_errors_report_a_lost_device_in_one_sentence():
    with (
        pytest.raises(RunError, match=r"Lost device cuda:0: CUDA error: unspecified launch failure\. Completed work"),
        device_errors(torch.device("cuda:0")),
    ):
        LostDevice()(torch.zeros(1, 3, 8, 8))
    with pytest.raises(RuntimeError, match="mat1"), device_errors(torch.device("cuda:0")):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
