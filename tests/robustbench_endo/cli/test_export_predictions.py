"""`robust-endo export-predictions`."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import robustbench_endo as rb
from robustbench_endo.results import load_results


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    model = rb.load_model("tiny-resnet/mmoe", weights="pretrained")
    folder = tmp_path_factory.mktemp("run") / "run"
    data = rb.load_dataset("synthetic")
    options = {"limit": 1, "resolution": (64, 80), "save_predictions": "all", "gallery_frames": 0}
    rb.evaluate({"tiny-resnet/mmoe": model}, data, "elastic_transform", (5,), folder, **options)
    return folder


def opened(path):
    with Image.open(path) as image:
        image.load()
        return image


def test_export_predictions_writes_masks_and_a_table(robust_endo, run, tmp_path):
    results = load_results(run)
    for form, read in (("csv", pd.read_csv), ("json", pd.read_json)):
        done = robust_endo("export-predictions", run, "--to", form, "--out", tmp_path / form)
        assert done.exit_code == 0, done.output
        table = read(tmp_path / form / f"predictions.{form}")
        assert len(table) == len(results.frame) == 2
        for row in table.itertuples():
            stored = results.predictions(row.model, row.corruption, row.severity, row.image_id)
            mask = np.asarray(opened(tmp_path / form / row.segmentation_path))
            np.testing.assert_array_equal(mask, stored)
            assert np.argmax(json.loads(row.activity_probabilities)) == row.activity_prediction
            assert row.dice_mean == pytest.approx(
                results.frame.query("corruption == @row.corruption")["dice_mean"].item(), rel=1e-6
            )


def test_export_predictions_writes_a_data_set_of_fiftyone(robust_endo, run, tmp_path):
    folder, results = tmp_path / "set", load_results(run)
    done = robust_endo("export-predictions", run, "--to", "fiftyone", "--out", folder)
    assert done.exit_code == 0, done.output
    samples = json.loads((folder / "samples.json").read_text("utf-8"))["samples"]
    assert "version" not in json.loads((folder / "metadata.json").read_text("utf-8"))  # the layout without a database
    assert [(each["corruption"], each["severity"]) for each in samples] == [("clean", 0), ("elastic_transform", 5)]
    for each in samples:
        assert opened(folder / each["filepath"]).size == (80, 64)
        labels = each["segmentation_tiny_resnet_mmoe"]
        mask, truth = (opened(folder / part["mask_path"]) for part in (labels, each["ground_truth"]))
        assert (mask.mode, truth.mode) == ("L", "L")
        record = results.frame.query("corruption == @each['corruption']").iloc[0]
        for k in range(7):
            overlap = (np.asarray(mask) == k) & (np.asarray(truth) == k)
            assert overlap.sum() == record[f"tp_{k}"]  # the truth moved with the image


def test_export_predictions_explains_wrong_input(robust_endo, run, tmp_path):
    rb.evaluate(
        lambda x: {"segmentation": x[:, :1].expand(-1, 7, -1, -1)},
        "synthetic@frames=1",
        "contrast",
        (5,),
        tmp_path / "without",
        gallery_frames=0,
        resolution=64,
    )
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    for arguments, text in (
        ((run, "--to", "coco", "--out", tmp_path / "a"), "coco"),
        ((run, "--to", "csv"), "--out"),
        ((run, "--to", "csv", "--out", tmp_path / "full"), "Expected an empty or new folder for the export"),
        ((run, "--to", "csv", "--out", tmp_path / "full" / "file"), "Expected an empty or new folder for the export"),
        ((run, "--to", "json", "--data", "x", "--out", tmp_path / "a"), "Expected --data only with --to fiftyone"),
        ((tmp_path / "none", "--out", tmp_path / "a"), "Expected a finished run in"),
        ((tmp_path / "without", "--out", tmp_path / "a"), "Expected a run with stored predictions"),
        ((tmp_path / "without", "--to", "fiftyone", "--out", tmp_path / "a"), "Expected a run with stored predictions"),
        ((run, "--to", "fiftyone", "--data", "synthetic@seed=3", "--out", tmp_path / "a"), "Cannot compute the image"),
    ):
        done = robust_endo("export-predictions", *arguments)
        assert done.exit_code == 2, arguments
        assert text in " ".join(done.stderr.split()), (arguments, done.stderr)
