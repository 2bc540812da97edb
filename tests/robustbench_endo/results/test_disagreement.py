"""Pixels and frames on which two models differ."""

import numpy as np
import pytest
import torch

import robustbench_endo as rb
from robustbench_endo.results.back_to_back import back_to_back
from robustbench_endo.results.disagreement import disagreement


class Level:
    """Labels pixels brighter than a level."""

    def __init__(self, level):
        self.level = level

    def __call__(self, images):
        labels = (images.mean(1) > self.level).long()
        return {
            "segmentation": torch.nn.functional.one_hot(labels, 7).movedim(3, 1).float(),
            "activity": torch.tensor([[0.0, self.level, 0.45]]).expand(len(images), 3),
        }


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    data = rb.load_dataset("synthetic", frames=3, size=(48, 64))
    models, folder = {"low": Level(0.4), "high": Level(0.5)}, tmp_path_factory.mktemp("runs")
    options = {"save_predictions": "all", "gallery_frames": 0}
    both = rb.evaluate(models, data, "contrast", (3,), folder / "both", **options)
    apart = [rb.evaluate({n: m}, data, "contrast", (3,), folder / n, **options) for n, m in models.items()]
    return both, apart


def test_disagreement_is_the_share_of_differing_pixels(runs):
    both, apart = runs
    segmentation = both.tasks[-1]
    result = disagreement([both], both, "low", "high", segmentation)
    assert result.pixels
    assert len(result.frames) == 6
    for row in result.frames.itertuples():
        maps = [both.predictions(m, row.corruption, row.severity, row.image_id) for m in ("low", "high")]
        assert row.pixels_differ == pytest.approx(100 * np.mean(maps[0] != maps[1]))
        assert row.frames_differ == 100 * (maps[0] != maps[1]).any()
    assert result.frames["pixels_differ"].max() > 1
    tables = [back_to_back(each, "low", "high").table for each in (both, apart)]
    columns = ["pixels_differ", "frames_differ", "difference"]
    np.testing.assert_allclose(tables[0][columns], tables[1][columns])


def test_disagreement_of_labels_follows_from_the_records(runs):
    both, _ = runs
    activity = both.tasks[0]
    result = disagreement([both], both, "low", "high", activity)
    assert not result.pixels
    assert (result.frames["frames_differ"] == 100).all()  # 0.45 is above one level and below the other
