from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.errors import RunError, SynthesisError
from robustbench_endo.synthesis.compose import SyntheticImage
from robustbench_endo.synthesis.output import open_folder, read_rows, write_image, write_record

IDENTITY = {"settings": {"seed": 0}, "size": (8, 8), "instrument_frames": {"a.png": "1", "b.png": "2"}}
CLASSES = ("background", "tool")


def synthetic_image(activity=None) -> SyntheticImage:
    pixels = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
    return SyntheticImage(pixels, np.ones((8, 8), np.uint8), activity, {"background": "x.png"})


def test_open_folder_creates_record_and_class_names(tmp_path):
    open_folder(tmp_path / "out", IDENTITY, CLASSES)
    assert (tmp_path / "out" / "classes.txt").read_text() == "background\ntool\n"
    record = json.loads((tmp_path / "out" / "synthesis.json").read_text())
    assert record == {**IDENTITY, "size": [8, 8], "pictures": []}
    open_folder(tmp_path / "out", IDENTITY, CLASSES)


def test_open_folder_names_what_changed(tmp_path):
    open_folder(tmp_path, IDENTITY, CLASSES)
    with pytest.raises(
        SynthesisError, match=r"Cannot resume .*: settings.seed changed from 0 to 1. Use a new --out or delete the"
    ):
        open_folder(tmp_path, {**IDENTITY, "settings": {"seed": 1}}, CLASSES)
    with pytest.raises(SynthesisError, match=r'instrument_frames.b.png changed from "2" to null'):
        open_folder(tmp_path, {**IDENTITY, "instrument_frames": {"a.png": "1"}}, CLASSES)


def test_open_folder_rejects_other_files_and_a_damaged_record(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SynthesisError, match=r"with files and no synthesis.json: choose another --out"):
        open_folder(tmp_path, IDENTITY, CLASSES)
    (tmp_path / "synthesis.json").write_text("{")
    with pytest.raises(RunError, match=r"Cannot parse .*synthesis.json: invalid JSON"):
        open_folder(tmp_path, IDENTITY, CLASSES)


def test_open_folder_rejects_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"Cannot write to the folder .*out"):
        open_folder(tmp_path / "file" / "out", IDENTITY, CLASSES)


def test_write_image_stores_its_row_in_the_png(tmp_path):
    row = write_image(tmp_path, 7, "x", synthetic_image("cut"))
    assert row == {"index": 7, "path": "train/cut/image/x_00007.png", "activity": "cut", "background": "x.png"}
    assert read_rows(tmp_path) == {7: row}
    assert np.array_equal(np.asarray(Image.open(tmp_path / row["path"])), synthetic_image().image)
    assert np.asarray(Image.open(tmp_path / "train/cut/mask/x_00007.png")).all()
    assert write_image(tmp_path, 8, "x", synthetic_image())["path"] == "train/image/x_00008.png"


def test_write_record_sorts_rows_by_index(tmp_path):
    write_record(tmp_path, IDENTITY, [{"index": 2}, {"index": 0}])
    record = json.loads((tmp_path / "synthesis.json").read_text())
    assert record["pictures"] == [{"index": 0}, {"index": 2}]


def test_read_rows_rejects_another_image(tmp_path):
    write_image(tmp_path, 0, "x", synthetic_image())
    Image.fromarray(synthetic_image().image).save(tmp_path / "train" / "image" / "mine.png")
    with pytest.raises(
        SynthesisError, match=r"written by robust-endo synthesize in .*mine.png, got another: remove it"
    ):
        read_rows(tmp_path)


def test_open_folder_resumes_one_whose_first_files_were_interrupted(tmp_path):
    (tmp_path / ".writing-synthesis.json.x").touch()
    open_folder(tmp_path, IDENTITY, CLASSES)
    (tmp_path / "classes.txt").unlink()
    open_folder(tmp_path, IDENTITY, CLASSES)
    assert {path.name for path in tmp_path.iterdir()} == {"classes.txt", "synthesis.json"}
