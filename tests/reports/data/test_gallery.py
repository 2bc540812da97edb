"""Stored frames, label maps as overlays and the frames with the largest drops show what the run stored."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
from PIL import Image

from robustbench_endo.reports.data.gallery import (
    class_colour,
    class_legend,
    drops,
    encode_jpeg,
    encode_label_map,
    frame_score_label,
    gallery_grid,
    gallery_image,
    limit_width,
    map_task,
    overlay_labels,
    reproduction_command,
)

MMOE = "tiny-resnet/mmoe"


def test_gallery_grid_has_every_condition_and_the_labels_of_each_model(make_run):
    results = make_run(corruptions=["smoke", "contrast"], severities=[1, 4])
    frame = results.gallery()[0]
    grid = gallery_grid(results, frame, 320)
    assert [len(row) for row in grid.rows.values()] == [2, 2]
    image = grid.rows["smoke"][1]
    assert list(image.predictions) == results.models
    np.testing.assert_array_equal(image.predictions[MMOE], frame.prediction(MMOE, "smoke", 4))
    records = results.frame.set_index(["model", "corruption", "severity", "image_id"])["iou_mean"]
    assert image.scores[MMOE] == f"{100 * records[MMOE, 'smoke', 4, grid.image_id]:.2f}"
    assert grid.labels() == [1, 2]
    assert class_legend(results, [grid]) == [("shaft", class_colour(1)), ("wrist", class_colour(2))]
    assert frame_score_label(results) == "mIoU"


def test_gallery_grid_has_the_scores_of_the_first_draw(make_run):
    def with_draws(frame, info):
        smoke = frame[frame["corruption"] == "smoke"]
        return pd.concat((frame, smoke.assign(replicate=1, iou_mean=0.0)), ignore_index=True)

    results = make_run(corruptions=["smoke"], severities=[1], edit=with_draws)
    grid = gallery_grid(results, results.gallery()[0], 320)
    assert all(score != "0.00" for score in grid.rows["smoke"][0].scores.values())


def test_gallery_grid_of_a_missing_image_has_an_empty_position(make_run):
    results = make_run(corruptions=["smoke"], severities=[1, 2])
    (results.path / "gallery" / "0" / "smoke-2.webp").unlink()
    grid = gallery_grid(results, results.gallery()[0], 320)
    assert grid.rows["smoke"][1] is None
    assert gallery_image(results, results.gallery()[0], "smoke", 2, 320) is None


def test_gallery_grid_has_recorded_conditions(annotated_run):
    grid = gallery_grid(annotated_run, annotated_run.gallery()[0], 40)
    assert list(grid.recorded) == ["recorded_smoke"]
    assert grid.recorded["recorded_smoke"].image.shape == (32, 40, 3)


def test_map_task_is_the_task_with_label_maps(usual_run):
    assert map_task(usual_run).name == "segmentation"


def test_drops_are_the_largest_of_the_run(usual_run):
    frame = usual_run.frame.set_index(["model", "image_id"])
    clean = frame[frame["corruption"] == "clean"]["iou_mean"]
    differences = (frame["iou_mean"] - clean.reindex(frame.index)).to_numpy()
    rows = drops(usual_run, 320)
    assert len(rows) == 12
    assert float(rows[0].score) - float(rows[0].clean_score) < 100 * differences.min() + 0.02
    assert len({(row.model, row.corruption, row.image_id) for row in rows}) == 12


def test_reproduction_command_names_condition_frame_and_seed(annotated_run):
    command = reproduction_command(annotated_run, "smoke", 3, "a.png")
    assert command == "rb.corrupt(frame, 'smoke', 3, ids='a.png', seed=7, suite='endo19')"
    assert reproduction_command(annotated_run, "recorded_smoke", 1, "a.png") == ""


def decode(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_encode_label_map_tints_regions_and_draws_outlines():
    labels = np.zeros((9, 9), np.uint8)
    labels[2:7, 2:7] = 1
    labels[0, 0] = 255
    pixels = np.asarray(decode(encode_label_map(labels)).convert("RGBA"))
    assert pixels[0, 0, 3] == pixels[8, 8, 3] == 0
    assert 0 < pixels[4, 4, 3] < 255
    assert pixels[2, 4, 3] == 255
    assert tuple(pixels[2, 4, :3]) == tuple(bytes.fromhex(class_colour(1)[1:]))


def test_encode_label_map_distinguishes_labels_of_one_colour():
    labels = np.zeros((12, 24), np.uint8)
    labels[2:10, 2:10], labels[2:10, 14:22], labels[:, 0] = 3, 11, 255
    pixels = np.asarray(decode(encode_label_map(labels, mark_ignored=True)).convert("RGBA"))
    assert tuple(pixels[5, 5, :3]) == tuple(pixels[5, 18, :3])
    assert pixels[5, 5, 3] == pixels[5, 18, 3] + 4
    assert pixels[2, 5, 3] == pixels[2, 18, 3] + 1 == 255
    assert set(pixels[:, 0, 3]) == {1}
    assert pixels[0, 12, 3] == 0


def test_overlay_labels_leaves_the_background_unchanged():
    image = np.full((8, 8, 3), 100, np.uint8)
    labels = np.zeros((4, 4), np.uint8)
    labels[2:] = 2
    overlay = overlay_labels(image, labels)
    assert (overlay[:3] == 100).all()
    assert (overlay[5:] != 100).any()
    assert overlay_labels(image, None) is image


def test_limit_width_keeps_labels_of_a_label_map():
    labels = np.zeros((40, 60), np.uint8)
    labels[:, 30:] = 7
    small = limit_width(labels, 15)
    assert small.shape == (10, 15)
    assert set(np.unique(small)) == {0, 7}
    assert limit_width(labels, 100) is labels


def test_encode_jpeg_keeps_size_and_colour():
    image = np.full((20, 30, 3), (200, 90, 80), np.uint8)
    pixels = np.asarray(decode(encode_jpeg(image)))
    assert pixels.shape == image.shape
    assert np.abs(pixels.astype(int) - image).max() <= 4
