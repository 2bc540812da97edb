"""Frames decoded, stacked by size, selected, and moved to the device."""

from dataclasses import replace

import torch

from robustbench_endo.evaluation import batch as batch_module
from robustbench_endo.evaluation.batch import read_batches
from robustbench_endo.tasks.registry import TASKS


class Sized:
    """A data set whose frames have the given heights; a height of 0 is a damaged frame."""

    def __init__(self, dataset, heights):
        self.dataset, self.heights, self.ids, self.name = dataset, heights, dataset.ids, "sized"

    def __len__(self):
        return len(self.heights)

    def __getitem__(self, index):
        sample, height = self.dataset[index], self.heights[index]
        targets = {**sample.targets, "segmentation": sample.targets["segmentation"][:height]}
        return replace(sample, image=sample.image[:, :height], targets=targets)


def test_read_batches_stack_neighbours_of_one_size(make_plan):
    data = Sized(make_plan(frames=3).dataset, [48, 48, 40, 40, 48])
    batches, failures = read_batches(data, range(5), "native", TASKS)
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert failures == []
    assert batches[1].images.shape == (2, 3, 40, 64)
    assert batches[1].targets["segmentation"].shape == (2, 40, 64)
    assert batches[0].ids == tuple(data.ids[:2])


def test_read_batches_record_the_resize_of_each_frame(make_plan):
    data = Sized(make_plan(frames=3).dataset, [48, 48, 24])
    (resized,), _ = read_batches(data, range(3), (96, 64), TASKS)
    assert resized.scale.tolist() == [[2.0, 1.0]] * 2 + [[4.0, 1.0]]
    native, _ = read_batches(data, range(2), "native", TASKS)
    assert native[0].scale.tolist() == [[1.0, 1.0]] * 2


def test_batch_to_the_device_has_floating_images(make_plan):
    plan = make_plan(frames=1)
    (host,), _ = read_batches(plan.dataset, [0, 1], plan.suite.resolution, plan.tasks)
    batch = host.to(plan.device)
    assert host.images.dtype == torch.uint8
    assert torch.equal(batch.images, host.images.float() / 255)
    assert batch.clean is not None
    assert batch.pixels == 48 * 64


def test_batch_select_keeps_frames_and_targets_together(make_plan):
    plan = make_plan(frames=2)
    (host,), _ = read_batches(plan.dataset, [0, 1, 2], plan.suite.resolution, plan.tasks)
    batch = host.to(plan.device)
    part = batch.select([2, 0])
    assert part.ids == (batch.ids[2], batch.ids[0])
    assert torch.equal(part.images[0], batch.images[2])
    assert part.scale.shape == (2, 2)
    for name, targets in batch.targets.items():
        assert torch.equal(part.targets[name][1], targets[0])
    assert len(batch.select([])) == 0


def test_read_batches_leaves_out_frames_of_too_many_pixels(make_plan, monkeypatch):
    plan = make_plan(frames=1)
    monkeypatch.setattr(batch_module, "MAX_FRAME_PIXELS", 48 * 64 - 1)
    batches, failures = read_batches(plan.dataset, [0, 1], "native", plan.tasks)
    assert batches == []
    assert len(failures) == 2
    assert "got 64 x 48, which needs more than 8 GB: evaluate with a --resolution such as 1080." in failures[0].reason


def test_batch_is_finished_before_other_streams_read_it(make_plan, monkeypatch):
    plan, finished = make_plan(frames=2), []
    (host,), _ = read_batches(plan.dataset, [0, 1], plan.suite.resolution, plan.tasks)
    monkeypatch.setattr(batch_module, "finish", finished.append)
    batch = host.to(plan.device)
    assert finished == [plan.device]
    batch.select([1])
    assert finished == [plan.device] * 2


def test_recorded_images_are_uploaded_in_one_copy(make_plan, monkeypatch):
    plan, uploads = make_plan(frames=2), []
    (host,), _ = read_batches(plan.dataset, [0, 1], plan.suite.resolution, plan.tasks)
    batch = replace(host.to(plan.device), recorded={"recorded_smoke": tuple(image // 2 for image in host.images)})
    monkeypatch.setattr(batch_module, "upload", lambda tensor, device: uploads.append(tensor) or tensor)
    images = batch.recorded_images("recorded_smoke")
    assert torch.equal(images, (host.images // 2).float() / 255)
    (uploaded,) = uploads
    assert uploaded.dtype == torch.uint8
    assert batch.with_recorded("recorded_smoke") is batch


def test_content_share_is_computed_once(make_plan):
    plan = make_plan(frames=2)
    (host,), _ = read_batches(plan.dataset, [0, 1], plan.suite.resolution, plan.tasks)
    batch = host.to(plan.device)
    assert batch.content_share is batch.content_share
    assert batch.content_share.tolist() == [1.0, 1.0]
