"""``calibration.json`` as a file: what is read again, and what is refused."""

import json
from dataclasses import replace

import pytest

from robustbench_endo.confidence.calibration import Calibration, TaskCalibration
from robustbench_endo.errors import RobustEndoError


@pytest.fixture
def calibration():
    task = TaskCalibration(("cut", "grasp"), 1.5, 0.4, 0.3, 0.1, 0.05, 0.2, 0.05, 0.09, 12, 1.4)
    data = {"name": "d", "fingerprint": "f", "subjects": ["p"], "frame_digests": ["1"], "image_checksums": ["2"]}
    return Calibration(0.1, "subject", {"activity": task}, {"name": "m", "weights_sha256": "9", "code": {}}, data, {})


def test_content_is_read_again(calibration, tmp_path):
    calibration.save(tmp_path / "c.json")
    assert Calibration.load(tmp_path / "c.json") == calibration
    assert Calibration.from_json(calibration.to_json()) == calibration


def test_checksum_follows_the_content(calibration):
    assert replace(calibration, alpha=0.2).sha256 != calibration.sha256
    assert len(calibration.sha256) == 64


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", "it is no JSON"),
        ("[]", "got no object"),
        ('{"format": "x"}', "got x None"),
        ('{"format": "robustbench_endo calibration", "version": 2}', "got robustbench_endo calibration 2"),
    ],
)
def test_other_files_are_refused(tmp_path, content, text):
    (tmp_path / "c.json").write_text(content)
    with pytest.raises(RobustEndoError, match=text):
        Calibration.load(tmp_path / "c.json")


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(RobustEndoError, match="Cannot read .*c.json: No such file"):
        Calibration.load(tmp_path / "c.json")
    with pytest.raises(RobustEndoError, match="Cannot read .*: Is a directory"):
        Calibration.load(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"alpha": 2},
        {"alpha": "much"},
        {"unit": "patient"},
        {"tasks": {}},
        {"tasks": []},
        {"tasks": {"activity": {}}},
        {"model": {}},
        {"data": {"name": "d"}},
        {"further": 1},
    ],
    ids=str,
)
def test_impossible_values_are_refused(calibration, change):
    with pytest.raises(RobustEndoError, match="Expected the values of a calibration in here, got .*: fit it again"):
        Calibration.from_json({**calibration.to_json(), **change}, "here")


@pytest.mark.parametrize(("name", "value"), [("temperature", 0), ("temperature", -1), ("threshold", 1.5)])
def test_impossible_numbers_of_a_task_are_refused(calibration, name, value):
    content = json.loads(json.dumps(calibration.to_json()))
    content["tasks"]["activity"][name] = value
    with pytest.raises(RobustEndoError, match=f"got the {name}"):
        Calibration.from_json(content)


@pytest.mark.parametrize(("name", "value"), [("temperature", 5.0), ("threshold", 0.9), ("bound", 0.01)])
def test_an_edited_file_is_refused(calibration, tmp_path, name, value):
    path = tmp_path / "c.json"
    calibration.save(path)
    content = json.loads(path.read_text())
    content["tasks"]["activity"][name] = value
    path.write_text(json.dumps(content))
    with pytest.raises(RobustEndoError, match="it was changed after robust-endo calibrate-confidence wrote it"):
        Calibration.load(path)


def test_a_text_is_no_number_of_a_task(calibration):
    content = calibration.to_json()
    content["tasks"]["activity"]["threshold"] = "0.1"
    with pytest.raises(RobustEndoError, match="got a value of activity that is no number"):
        Calibration.from_json(content)
