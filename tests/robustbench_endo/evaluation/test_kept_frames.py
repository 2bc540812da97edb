"""Thumbnails of the worst, median and best frames."""

import io

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.results import load_results
from robustbench_endo.results.kept_frames import kept_file


def test_kept_frames_are_the_worst_median_and_best_of_each_condition(make_plan, run):
    results = run(make_plan(frames=3, limit=5, keep_frames=1))
    frames = load_results(results.path).kept_frames()
    conditions = [("clean", 0), *((name, level) for name in ("gaussian_noise", "contrast") for level in (1, 5))]
    assert [(each.corruption, each.severity, each.kind) for each in frames] == [
        (*condition, kind) for condition in conditions for kind in ("worst", "median", "best")
    ]
    for corruption, severity in conditions:
        rows = results.frame[(results.frame["corruption"] == corruption) & (results.frame["severity"] == severity)]
        means = rows.groupby("image_id")["dice_mean"].mean().astype(float)
        worst, median, best = (means[each.image_id] for each in results.kept_frames(corruption, severity))
        assert (worst, best) == pytest.approx((means.min(), means.max()))
        assert median == pytest.approx(means.sort_values().iloc[2])


def test_kept_frames_hold_small_images_and_label_maps(make_plan, run):
    plan = make_plan(frames=1, keep_frames=1)
    results = run(plan)
    frame = results.kept_frames("clean", 0)[0]
    index = plan.dataset.ids.index(frame.image_id)
    image = np.asarray(Image.open(io.BytesIO(frame.image)).convert("RGB")).astype(float)
    clean = plan.dataset[index].image.permute(1, 2, 0).numpy()
    assert image.shape == clean.shape  # they are small already
    assert np.abs(image - clean).mean() < 20
    np.testing.assert_array_equal(frame.label_map(), plan.dataset[index].mask)
    assert set(frame.predictions) == set(results.models)
    assert frame.label_map(results.models[0]).shape == clean.shape[:2]
    assert frame.scores[results.models[0]] == pytest.approx(
        results.frame.query("corruption == 'clean' and image_id == @frame.image_id")["dice_mean"].iloc[0]
    )


def test_a_missing_file_of_thumbnails_is_written_again(make_plan, run):
    plan = make_plan(frames=1, keep_frames=1)
    results = run(plan)
    before = kept_file(results.path).read_bytes()
    kept_file(results.path).write_bytes(b"damaged")
    run(plan)
    assert kept_file(results.path).read_bytes() == before
