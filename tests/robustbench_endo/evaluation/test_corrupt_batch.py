"""The images of a batch in one condition."""

import numpy as np
import torch

import robustbench_endo as rb
from robustbench_endo.evaluation.corrupt_batch import corrupt_batch
from robustbench_endo.evaluation.loop import read_chunk
from robustbench_endo.evaluation.profiler import Profiler


def test_corrupt_batch_gives_the_pixels_of_corrupt(make_plan):
    plan = make_plan(frames=2, corruptions=("brightness", "gaussian_noise", "elastic_transform"), chunks=[[0, 1]])
    (host,), _ = read_chunk(plan, 0, Profiler())
    batch = host.to(plan.device)
    frames = host.images.permute(0, 2, 3, 1).numpy()
    for condition in plan.conditions[1:]:
        images, _ = corrupt_batch(plan, batch, condition)
        expected = rb.corrupt(frames, condition.corruption, condition.severity, list(batch.ids), plan.config.seed)
        np.testing.assert_array_equal((images * 255).round().byte().permute(0, 2, 3, 1).numpy(), expected)


def test_corrupt_batch_leaves_the_clean_condition_alone(make_plan):
    plan = make_plan(frames=1)
    (host, *_), _ = read_chunk(plan, 0, Profiler())
    batch = host.to(plan.device)
    images, targets = corrupt_batch(plan, batch, plan.conditions[0])
    assert torch.equal(images, batch.images)
    assert targets == dict(batch.targets)
