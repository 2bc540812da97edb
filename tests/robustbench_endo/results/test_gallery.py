"""The frames that a run stores for reports."""

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.io_utils import write_json
from robustbench_endo.results.gallery import image_file, prediction_file, read_gallery, read_index, target_file


@pytest.fixture
def folder(tmp_path):
    frame = tmp_path / "gallery" / "0"
    frame.mkdir(parents=True)
    Image.fromarray(np.full((4, 6, 3), 9, np.uint8)).save(frame / image_file("smoke", 3), lossless=True)
    Image.fromarray(np.full((4, 6), 2, np.uint8)).save(frame / target_file("smoke", 3))
    Image.fromarray(np.full((4, 6), 1, np.uint8)).save(frame / prediction_file("smoke", 3, 1))
    index = {"models": ["a", "b"], "frames": [{"image_id": "OP1.png", "folder": "0"}]}
    write_json(tmp_path / "gallery" / "index.json", index)
    return tmp_path


def test_read_gallery_returns_images_and_label_maps(folder):
    (frame,) = read_gallery(folder)
    assert (frame.image_id, frame.models) == ("OP1.png", ("a", "b"))
    assert frame.image("smoke", 3).shape == (4, 6, 3)
    assert (frame.image("smoke", 3) == 9).all()
    assert (frame.target("smoke", 3) == 2).all()
    assert (frame.prediction("b", "smoke", 3) == 1).all()


def test_gallery_frame_returns_none_for_missing_images(folder):
    (frame,) = read_gallery(folder)
    assert frame.image("smoke", 1) is None
    assert frame.prediction("a", "smoke", 3) is None
    assert frame.prediction("c", "smoke", 3) is None


def test_read_gallery_of_run_without_gallery_is_empty(tmp_path, folder, results):
    assert read_gallery(folder, "worst") == []
    assert read_index(tmp_path / "other") == {}
    assert results.gallery() == results.worst_gallery() == []
