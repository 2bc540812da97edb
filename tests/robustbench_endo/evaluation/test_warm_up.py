"""Kernels compiled before the run: everything is tried, nothing is stopped, and nothing happens on the CPU."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import torch

from robustbench_endo.evaluation import warm_up as module
from robustbench_endo.evaluation.batch import read_batches
from robustbench_endo.evaluation.loop import score_batch
from robustbench_endo.evaluation.warm_up import run_once, warm_up


@pytest.fixture
def batch_of():
    """Two frames of a plan on its device."""

    def read(plan):
        (host,), _ = read_batches(plan.dataset, [0, 1], plan.suite.resolution, plan.tasks)
        return host.to(plan.device)

    return read


def test_run_once_computes_every_corruption_and_scores_in_threads(make_plan, batch_of, monkeypatch):
    plan = make_plan(frames=2, corruptions=("contrast", "contrast+elastic_transform"), severities=(1, 3, 5))
    corrupted, scored, threads, corrupt = [], [], set(), module.corrupt_batch

    def count(plan, batch, condition):
        corrupted.append((condition.corruption, condition.severity))
        return corrupt(plan, batch, condition)

    def score(*arguments):
        threads.add(threading.get_ident())
        scored.append((arguments[2].corruption, score_batch(*arguments)))

    monkeypatch.setattr(module, "corrupt_batch", count)
    run_once(plan, batch_of(plan), score)
    ends = [(name, end) for name in ("contrast", "elastic_transform") for end in (1, 5)]
    assert sorted(corrupted) == sorted([("clean", 0), *ends])
    assert sorted(name for name, _ in scored) == ["clean", "elastic_transform", "elastic_transform"]
    assert threading.get_ident() not in threads
    for _, records in scored:
        assert len(records.wait().to_table(plan.schema)) == 2


def test_run_once_predicts_every_label_of_every_task(make_plan, batch_of):
    plan = make_plan(frames=2)
    predictions = module.predict_nothing(plan, batch_of(plan))
    assert predictions.keys() == {task.name for task in plan.tasks}
    labels = len(plan.labels["segmentation"])
    assert predictions["segmentation"].label_map.unique().tolist() == list(range(labels))
    assert all(prediction.valid.all() for prediction in predictions.values())


def test_run_once_survives_any_error(make_plan, batch_of):
    plan, called = make_plan(frames=2), []

    def fail(*arguments):
        called.append(arguments)
        raise torch.OutOfMemoryError("CUDA out of memory")

    run_once(plan, batch_of(plan), fail)
    assert called


def test_warm_up_does_nothing_on_the_cpu(make_plan):
    warm_up(make_plan(frames=1), [0], lambda *arguments: pytest.fail("scored"))


def test_warm_up_of_a_gpu_reads_two_frames_once_per_process(make_plan, monkeypatch):
    plan = replace(make_plan(frames=4, chunks=[[0, 1], [5, 3, 2]]), device=torch.device("cuda", 0))
    frames = []

    def read(dataset, indices, *settings):
        frames.append(list(indices))
        raise RuntimeError("no frame")

    monkeypatch.setattr(module, "_warm", set())
    monkeypatch.setattr(module, "read_batches", read)
    for chunks in ([], [1], [0]):
        warm_up(plan, chunks, score_batch)
    assert frames == [[5, 3]]
