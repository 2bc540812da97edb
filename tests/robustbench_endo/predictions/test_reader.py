"""Reading predictions: wrong names, and what was not stored."""

import numpy as np
import pytest
import torch

import robustbench_endo as rb
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.predictions.reader import has_predictions, prediction_keys


def half(images):
    labels = (images.mean(1) > 0.5).long()
    return {"segmentation": torch.nn.functional.one_hot(labels, 7).movedim(3, 1).float()}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    data = rb.load_dataset("synthetic", frames=2, size=(48, 64))
    folder = tmp_path_factory.mktemp("run")
    return rb.evaluate({"half": half}, data, "contrast", (5,), folder, save_predictions="all")


def test_prediction_keys_are_those_of_the_records(results):
    keys = ["model", "corruption", "severity", "replicate", "image_id"]
    stored = {tuple(row) for row in prediction_keys(results)[keys].itertuples(index=False)}
    assert stored == {tuple(row) for row in results.frame[keys].itertuples(index=False)}
    assert has_predictions(results)


def test_stored_predictions_iterates_over_a_selection(results):
    parts = list(results.stored_predictions("half", "contrast", 5))
    assert [each.image_id for each in parts] == sorted(results.frame["image_id"].unique())
    assert all(each.values["segmentation"].shape == (48, 64) for each in parts)
    assert all(each.png["segmentation"].startswith(b"\x89PNG") for each in parts)
    assert [each.logits for each in parts] == [{}, {}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "other"}, "Expected a model of the run, got 'other': choose from half"),
        ({"corruption": "smok"}, "Expected a corruption of the run, got 'smok': choose from clean, contrast"),
        ({"severity": 3}, "Expected a severity among 5 for contrast, got 3"),
        ({"corruption": "clean"}, "Expected a severity among 0 for clean, got 5"),
        ({"image_id": "x.png"}, "Expected a frame of the run, such as"),
        ({"replicate": 1}, "Expected a draw from 0 to 0, got 1"),
        ({"replicate": "0"}, "Expected a draw from 0 to 0, got '0'"),
        ({"task": "depth"}, r"Expected a task of the run \(.*segmentation.*\), got 'depth'"),
        ({"logits": True}, "Expected stored logits of half for .*: evaluate with --save-predictions all.logits"),
    ],
)
def test_prediction_explains_wrong_arguments(results, change, message):
    image_id = results.frame["image_id"].iloc[0]
    arguments = {"model": "half", "corruption": "contrast", "severity": 5, "image_id": image_id} | change
    with pytest.raises(RobustEndoError, match=message):
        results.predictions(**arguments)


def test_prediction_is_the_map_of_the_model(results):
    data = rb.load_dataset("synthetic", frames=2, size=(48, 64))
    expected = (data[0].image.float().mean(0) / 255 > 0.5).numpy()
    np.testing.assert_array_equal(results.predictions("half", "clean", 0, data.ids[0]), expected)
