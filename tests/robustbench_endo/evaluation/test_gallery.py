"""Stored images of a run have the targets and predictions of its frames."""

import json

import numpy as np
import torch

from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.corrupt_batch import corrupt_batch
from robustbench_endo.evaluation.gallery import SHORT_SIDE, GalleryWriter
from robustbench_endo.evaluation.loop import read_chunk
from robustbench_endo.evaluation.predict import predict
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.results.gallery import read_gallery


def test_gallery_writer_stores_selected_frames_at_a_condition(make_plan, tmp_path):
    plan = make_plan(frames=1, chunks=[[0, 1]])
    (host,), _ = read_chunk(plan, 0, Profiler())
    batch, condition = host.to(plan.device), plan.conditions[-1]
    images, targets, _ = corrupt_batch(plan, batch, condition)
    predictions = {name: predict(model, images, plan.tasks) for name, model in plan.models.items()}
    writer = GalleryWriter(tmp_path, [batch.ids[1]], list(plan.models))
    writer.write_index()
    assert writer.lacks(batch.ids[1], condition)
    writer.save(condition, batch, images, targets, predictions)
    assert not writer.lacks(batch.ids[1], condition)
    (frame,) = read_gallery(tmp_path)
    assert frame.image_id == batch.ids[1]
    np.testing.assert_array_equal(frame.target(*condition[:2]), targets["segmentation"][1].numpy())
    label_map = predictions["high"]["segmentation"].label_map[1].numpy()
    np.testing.assert_array_equal(frame.prediction("high", *condition[:2]), label_map)
    assert np.abs(frame.image(*condition[:2]) - 255 * images[1].movedim(0, 2).numpy()).mean() < 10


def test_gallery_writer_stores_the_first_draw_of_a_condition(make_plan, tmp_path):
    plan = make_plan(frames=1)
    (host, *_), _ = read_chunk(plan, 0, Profiler())
    batch = host.to(plan.device)
    writer = GalleryWriter(tmp_path, list(batch.ids), [])
    writer.write_index()
    writer.save(Condition("smoke", 3, 1), batch, batch.images, {}, {})
    assert read_gallery(tmp_path)[0].image("smoke", 3) is None
    writer.save(Condition("smoke", 3, 0), batch, batch.images, {}, {})
    assert read_gallery(tmp_path)[0].image("smoke", 3) is not None


def test_gallery_writer_limits_the_size(make_plan, tmp_path):
    plan = make_plan(frames=1)
    (host, *_), _ = read_chunk(plan, 0, Profiler())
    batch, condition = host.to(plan.device), plan.conditions[0]
    images = torch.zeros(len(batch), 3, 2 * SHORT_SIDE, 3 * SHORT_SIDE)
    writer = GalleryWriter(tmp_path, list(batch.ids), [])
    writer.write_index()
    writer.save(condition, batch, images, {}, {})
    assert read_gallery(tmp_path)[0].image(*condition[:2]).shape == (SHORT_SIDE, 384, 3)


def test_gallery_writer_keeps_other_parts_of_the_index(tmp_path):
    GalleryWriter(tmp_path, ["a"], ["m"]).write_index()
    GalleryWriter(tmp_path, ["b"], ["m"], part="worst").write_index()
    index = json.loads((tmp_path / "gallery" / "index.json").read_text())
    assert [entry["image_id"] for part in ("frames", "worst") for entry in index[part]] == ["a", "b"]


def test_gallery_writer_without_folder_stores_nothing(tmp_path):
    GalleryWriter(None, ["a"], ["m"]).write_index()
    assert list(tmp_path.iterdir()) == []
