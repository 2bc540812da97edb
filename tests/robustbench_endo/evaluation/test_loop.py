"""The evaluation loop: its depth, its stages, and its threads."""

import threading
import traceback
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import robustbench_endo as rb
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation import loop
from robustbench_endo.evaluation import workers as workers_module
from robustbench_endo.evaluation.adaptation.episode import Episode
from robustbench_endo.evaluation.corrupt_batch import CorruptedFrames
from robustbench_endo.evaluation.loop import evaluate_condition, read_chunk
from robustbench_endo.evaluation.predict import predict
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.evaluation.run import open_run
from robustbench_endo.evaluation.workers import Workers
from robustbench_endo.metrics import Metric

MAX_FRAMES, MAX_FILES = 8, 4


class CalledError(Exception):
    """Raised by the model: its traceback goes through the threads of the evaluation."""


THIRD = torch.tensor(1 / 3).item()


class Product(Metric):
    name, unit, task = "product", "%", "segmentation"

    def score(self, batch):
        third = torch.full((1, 1), 1 / 3)
        return (third @ third).flatten().expand(len(batch.target))


class Traced(nn.Module):
    """Works on the batch that is tried before the run."""

    warm = False

    def forward(self, images):
        if self.warm:
            raise CalledError
        self.warm = True
        return {"segmentation": images}


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


def test_score_batch_ignores_the_callers_autocast(make_plan):
    plan = make_plan(frames=1, metrics=[Product])
    (batch, *_), _ = read_chunk(plan, 0, Profiler())
    batch, condition = batch.to(plan.device), plan.conditions[0]
    arguments = (
        plan,
        batch,
        condition,
        CorruptedFrames(batch.images, dict(batch.targets)),
        {"low": predict(plan.models["low"], batch.images, plan.tasks)},
    )
    tables = [loop.score_batch(*arguments).wait().to_table(plan.schema)]
    with torch.autocast("cpu", torch.bfloat16):
        tables.append(loop.score_batch(*arguments).wait().to_table(plan.schema))
    assert tables[0].to_pandas().equals(tables[1].to_pandas())  # in which NaN equals NaN
    assert (tables[0]["product"].to_numpy() == np.float32(THIRD * THIRD)).all()


def test_read_frames_checks_targets_once(make_plan):
    plan = make_plan(frames=1)
    with pytest.raises(RobustEndoError, match="Expected labels from 0 to 1 in the target, got 2"):
        read_chunk(replace(plan, labels={**plan.labels, "segmentation": ("background", "tool")}), 0, Profiler())


def test_evaluate_chunks_warms_up_while_the_first_chunk_is_decoded(make_plan, monkeypatch):
    plan, events = make_plan(frames=2), []
    read = loop.read_frames
    warmed = threading.Event()

    def read_later(*arguments):
        assert warmed.wait(10)  # the reader's thread has begun, and does not hold up the caller's
        return read(*arguments)

    def warm_up(plan, chunks, score):
        events.append((chunks, score))
        warmed.set()

    monkeypatch.setattr(loop, "read_frames", read_later)
    monkeypatch.setattr(loop, "warm_up", warm_up)
    open_run(plan)
    loop.evaluate_chunks(plan, [0], Profiler(), lambda steps, condition: None)
    assert events == [([0], loop.score_batch)]
    assert plan.folder.missing_chunks([0]) == []


def test_every_thread_of_the_loop_uses_the_device_of_the_run(make_plan, monkeypatch):
    plan, used = make_plan(frames=2), []
    for module in (loop, workers_module):
        monkeypatch.setattr(module, "use_device", lambda device: used.append((device, threading.get_ident())))
    open_run(plan)
    loop.evaluate_chunks(plan, [0, 1], Profiler(), lambda steps, condition: None)
    assert {device for device, _ in used} == {plan.device}
    assert len({thread for _, thread in used}) >= 2
    assert threading.get_ident() not in {thread for _, thread in used}
