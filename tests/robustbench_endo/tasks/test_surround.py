"""Scores over the content area beside those over the whole frame."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import robustbench_endo as rb
from robustbench_endo.corruptions.content_area import ContentArea
from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.evaluation.batch import surround_pixels
from robustbench_endo.results.combine import combine_runs
from robustbench_endo.tasks.segmentation.decode import SegmentationPrediction
from robustbench_endo.tasks.segmentation.metrics import SURROUND, count_columns
from robustbench_endo.tasks.segmentation.task import Segmentation
from robustbench_endo.tasks.surround import Surround
from robustbench_endo.types import Sample

TASK = Segmentation()


def prediction(labels):
    count = len(labels)
    return SegmentationPrediction(
        valid=torch.ones(count, dtype=torch.bool),
        confidence=torch.ones(count),
        entropy=torch.zeros(count),
        label_map=labels,
        sampled_confidence=torch.ones(count, 16, 16),
    )


@pytest.fixture
def maps():
    generator = torch.Generator().manual_seed(0)
    labels, target = torch.randint(0, 3, (2, 2, 16, 16), generator=generator, dtype=torch.uint8)
    outside = torch.zeros(2, 16, 16, dtype=torch.bool)
    outside[0, :, :5] = True  # the second frame has no surround
    return labels, target, outside


def scored(maps, *, frame):
    labels, target, outside = maps
    return TASK.score(prediction(labels), target, target, 3, (), None, Surround(outside, scored=frame))


def counts(columns, part=""):
    return np.stack([columns[name] for name in count_columns(3, part)], axis=1)


def test_score_gives_the_counts_of_both_regions(maps):
    labels, target, outside = maps
    frame, content = scored(maps, frame=True), scored(maps, frame=False)
    inside = TASK.score(prediction(labels), target.masked_fill(outside, 255), target, 3, ())
    assert (counts(content) == counts(inside)).all()
    assert (counts(frame, SURROUND) == counts(content, SURROUND)).all()
    assert (counts(frame) - counts(frame, SURROUND) == counts(content)).all()
    assert (counts(frame, SURROUND)[0].sum(), counts(frame, SURROUND)[1].sum()) != (0, 0)
    assert counts(frame, SURROUND)[1].sum() == 0


def test_score_without_a_surround_has_no_pixels_in_it(maps):
    labels, target, _ = maps
    columns = TASK.score(prediction(labels), target, target, 3, ())
    assert not counts(columns, SURROUND).any()


def test_score_of_moved_masks_leaves_out_the_surround_of_both(maps):
    labels, target, outside = maps
    surround = Surround(outside, scored=False)
    moved = TASK.score(prediction(labels), target, target.clone(), 3, (), None, surround)
    still = TASK.score(prediction(labels), target, target, 3, (), None, surround)
    assert np.array_equal(moved["iou_mean_unwarped"], still["iou_mean_unwarped"])


def test_surround_pixels_are_those_outside_of_each_frame():
    area = ContentArea(8, 10, left=3)
    outside = surround_pixels((None, area), torch.device("cpu"))
    assert outside is not None
    assert outside.sum((1, 2)).tolist() == [0, 24]
    assert surround_pixels((None, None), torch.device("cpu")) is None


class Frames:
    name, classes, activities = "frames", ("background", "tool"), ()

    def __init__(self, samples):
        self.samples = samples
        self.ids = [sample.id for sample in samples]
        self.subjects = [sample.subject_id for sample in samples]

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        return self.samples[index]


class ByBrightness(nn.Module):
    """Class 1 where the image is dark: right for the surround only."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, images):
        dark = (images.mean(1) < 0.2).float()
        return {"segmentation": torch.stack((1 - dark, dark), 1)}


@pytest.fixture(scope="module")
def data():
    samples = []
    for number in range(2):
        generator = torch.Generator().manual_seed(number)
        image = torch.randint(90, 200, (3, 48, 64), generator=generator, dtype=torch.uint8)
        mask = torch.zeros(48, 64, dtype=torch.uint8)
        mask[10:20, 30:40] = 1
        if number == 0:
            image[..., :10] = 0
            mask[:, :10] = 1
        samples.append(Sample(image, {"segmentation": mask}, f"{number}.png", f"patient {number}"))
    return Frames(samples)


@pytest.fixture(scope="module")
def runs(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {
        region: rb.evaluate({"m": ByBrightness()}, data, "contrast", (3,), folder / region, region=region, device="cpu")
        for region in ("frame", "content")
    }


def test_evaluate_stores_the_scores_of_both_regions(runs):
    frame, content = (runs[region].scores() for region in ("frame", "content"))
    assert (frame["miou"] != frame["miou_content"]).all()
    for metric in ("miou", "dice"):
        np.testing.assert_allclose(frame[f"{metric}_content"], content[metric])
        np.testing.assert_allclose(content[f"{metric}_frame"], frame[metric])


def test_evaluate_records_the_region_and_the_share_of_the_content(runs):
    assert [run.info["region"] for run in runs.values()] == ["frame", "content"]
    shares = runs["frame"].frame.groupby("image_id")["content_share"].unique()
    assert shares["0.png"] == [np.float32(54 / 64)]
    assert shares["1.png"] == [1]


def test_evaluate_refuses_to_resume_or_combine_another_region(runs, data):
    with pytest.raises(RunError, match="region"):
        rb.evaluate({"m": ByBrightness()}, data, "contrast", (3,), runs["frame"].path, region="content", device="cpu")
    with pytest.raises(RunError, match="region is 'frame'"):
        combine_runs(list(runs.values()))
    with pytest.raises(RobustEndoError, match="region"):
        rb.evaluate({"m": ByBrightness()}, data, "contrast", (3,), region="inside")
