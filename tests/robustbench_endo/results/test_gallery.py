"""The frames that a run stores for reports."""

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.errors import RunError
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


@pytest.mark.parametrize("folder", ["..", "../other", "/etc", "a/b", ".", "", 3, None])
def test_read_index_rejects_folders_outside_the_gallery(tmp_path, folder):
    (tmp_path / "gallery").mkdir()
    write_json(tmp_path / "gallery" / "index.json", {"models": [], "frames": [{"image_id": "a", "folder": folder}]})
    with pytest.raises(RunError, match="Expected folders of the gallery in .*, got another content: delete"):
        read_index(tmp_path)


@pytest.mark.parametrize("index", [{"frames": {}}, {"worst": [3]}, {"models": "m"}, {"models": [3]}, {"frames": [{}]}])
def test_read_index_rejects_other_structures(tmp_path, index):
    (tmp_path / "gallery").mkdir()
    write_json(tmp_path / "gallery" / "index.json", index)
    with pytest.raises(RunError, match="got another content"):
        read_index(tmp_path)


def test_gallery_frame_follows_no_links(folder, tmp_path):
    (frame,) = read_gallery(folder)
    path = frame.folder / image_file("smoke", 3)
    path.rename(tmp_path / "secret.webp")
    path.symlink_to(tmp_path / "secret.webp")
    assert frame.image("smoke", 3) is None


def test_gallery_frame_of_a_damaged_image_raises(folder):
    (frame,) = read_gallery(folder)
    (frame.folder / image_file("smoke", 3)).write_bytes(b"RIFF damaged")
    with pytest.raises(RunError, match="Cannot read the stored image .*smoke-3.webp"):
        frame.image("smoke", 3)


def test_image_file_rejects_names_that_leave_the_folder():
    for name in ("../smoke", "a/b", ""):
        with pytest.raises(RunError, match="Expected the name of a corruption without / and"):
            image_file(name, 3)
