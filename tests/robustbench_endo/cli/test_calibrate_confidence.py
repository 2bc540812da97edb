"""`robust-endo calibrate-confidence`."""

import json

import pytest

MODEL = ("--model", "tiny-resnet/mmoe", "--resolution", 48, "--device", "cpu", "--limit", 2)


def test_calibration_is_written_printed_and_applied(robust_endo, tmp_path):
    file = tmp_path / "calibration.json"
    result = robust_endo("calibrate-confidence", *MODEL, "--alpha", 0.5, "--out", file)
    assert result.exit_code == 0, result.output
    assert "segmentation" in result.stdout
    assert "Promise: expected loss of at most 0.5 for a further patient, on clean data like these." in result.stdout
    content = json.loads(file.read_text())
    assert content["data"]["split"] == "val"
    assert content["tasks"]["segmentation"]["units"] == 2
    applied = ("--calibration", file, "--corruption", "clean", "--gallery-frames", 0, "--out", tmp_path / "run")
    result = robust_endo("evaluate", *MODEL, *applied, "--format", "none")
    assert result.exit_code == 0, result.output
    result = robust_endo("evaluate", *MODEL, "--split", "val", *applied, "--format", "none")
    assert result.exit_code == 2
    assert "Expected other frames than those that tiny-resnet/mmoe was calibrated on" in result.stderr


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--alpha", 0.1), "Expected at least 9 labelled subjects for the promise alpha 0.1, got 2"),
        (("--alpha", 0.1, "--unit", "frame"), "Expected at least 9 labelled frames for the promise alpha 0.1, got 2"),
        (("--alpha", 1.5), "Expected alpha above 0 and below 1, got 1.5"),
        (("--alpha", 0.5, "--split", "holiday"), "holiday"),
    ],
)
def test_promises_that_cannot_be_made_are_refused(robust_endo, tmp_path, options, text):
    result = robust_endo("calibrate-confidence", *MODEL, "--out", tmp_path / "c.json", *options)
    assert result.exit_code == 2, result.output
    assert text in " ".join(result.stderr.split())
    assert not (tmp_path / "c.json").exists()


def test_output_that_is_a_folder_or_has_none_is_refused(robust_endo, tmp_path):
    for out in (tmp_path, tmp_path / "missing" / "c.json"):
        result = robust_endo("calibrate-confidence", *MODEL, "--out", out)
        assert result.exit_code == 2
        assert "Expected a file to write for --out, got" in result.stderr


def test_model_is_not_replaced_by_its_calibration(robust_endo, tmp_path):
    model = tmp_path / "model.onnx"
    model.write_bytes(b"weights")
    result = robust_endo("calibrate-confidence", "--model", model, "--out", model)
    assert result.exit_code == 2
    assert "Expected a new file or one ending in .json for --out, got" in result.stderr
    assert model.read_bytes() == b"weights"
