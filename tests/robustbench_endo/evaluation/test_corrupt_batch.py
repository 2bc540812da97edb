"""The images of a batch in one condition."""

import numpy as np
import torch

import robustbench_endo as rb
from robustbench_endo.corruptions import Corruption, load_suite
from robustbench_endo.evaluation.corrupt_batch import corrupt_batch
from robustbench_endo.evaluation.loop import read_chunk
from robustbench_endo.evaluation.profiler import Profiler


def test_corrupt_batch_gives_the_pixels_of_corrupt(make_plan):
    plan = make_plan(frames=2, corruptions=("brightness", "gaussian_noise", "elastic_transform"), chunks=[[0, 1]])
    (host,), _ = read_chunk(plan, 0, Profiler())
    batch = host.to(plan.device)
    frames = host.images.permute(0, 2, 3, 1).numpy()
    for condition in plan.conditions[1:]:
        images = corrupt_batch(plan, batch, condition).images
        expected = rb.corrupt(frames, condition.corruption, condition.severity, list(batch.ids), plan.config.seed)
        np.testing.assert_array_equal((images * 255).round().byte().permute(0, 2, 3, 1).numpy(), expected)


def test_corrupt_batch_leaves_the_clean_condition_alone(make_plan):
    plan = make_plan(frames=1)
    (host, *_), _ = read_chunk(plan, 0, Profiler())
    batch = host.to(plan.device)
    images, targets, hidden = corrupt_batch(plan, batch, plan.conditions[0])
    assert torch.equal(images, batch.images)
    assert targets == dict(batch.targets)
    assert hidden is None


def test_corrupt_batch_hands_on_what_is_hidden(make_plan):
    names = ("smoke", "spatter", "smoke+jpeg_compression", "jpeg_compression", "gaussian_noise")
    plan = make_plan(frames=2, corruptions=names, severities=(5,), chunks=[[0, 1]])
    (host,), _ = read_chunk(plan, 0, Profiler())
    batch = host.to(plan.device)
    for condition in plan.conditions[1:]:
        frames = corrupt_batch(plan, batch, condition)
        expected = plan.suite.corrupt(batch.images, condition.corruption, 5, batch.ids, plan.config.seed).opacity
        if expected is None:
            assert frames.hidden is None
        else:
            assert torch.equal(frames.hidden, expected[:, 0] >= 0.5)
            assert frames.hidden.shape == frames.targets["segmentation"].shape
    assert [corrupt_batch(plan, batch, each).hidden is None for each in plan.conditions[1:]] == [
        name.startswith(("jpeg", "gauss")) for name in (each.corruption for each in plan.conditions[1:])
    ]


def test_corruptions_of_bytes_hide_and_move_nothing():
    images = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    corruptions = [item for name in ("endo19", "endo-surgical", "imagenet-c") for item in load_suite(name).corruptions]
    on_bytes = [item for item in corruptions if type(item).apply_bytes is not Corruption.apply_bytes]
    assert len(on_bytes) > 8
    for item in on_bytes:
        if item.name != "video_compression":  # which needs an optional package
            corrupted = item(images, 3, ["a.png"])
            assert (corrupted.opacity, corrupted.grid) == (None, None), item.name
