"""Text files next to frames that are damaged, in another encoding, or no files."""

import os

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.data import FolderDataset
from robustbench_endo.data.base import read_class_names
from robustbench_endo.data.label_map import LabelMap
from robustbench_endo.data.layouts.label_maps import read_palette
from robustbench_endo.data.manifest import ManifestDataset
from robustbench_endo.data.subjects import subject_of
from robustbench_endo.data.text_files import MAX_BYTES, read_text
from robustbench_endo.errors import DataError

DAMAGED = (b"\xff\xfe\x00a", b"caf\xe9", b"a\x00b", b"\x80" * 40, b"x" * (MAX_BYTES + 1))


@pytest.mark.parametrize("content", DAMAGED)
def test_read_text_names_a_file_that_is_no_text(tmp_path, content):
    path = tmp_path / "classes.txt"
    path.write_bytes(content)
    for read in (read_text, lambda path: read_class_names(path.parent), read_palette):
        with pytest.raises(DataError, match=r"Cannot read .*classes.txt: "):
            read(path)


def test_read_text_does_not_wait_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "missing"):
        with pytest.raises(DataError, match="no regular file"):
            read_text(path)


@pytest.mark.parametrize(
    "content",
    [
        *DAMAGED[:4],
        b"",
        b"image\n",
        b"image\na\x00b.png\n",
        b"image\n" + b"n" * 5000 + b".png\n",
        b"image\n" + b"n" * 500_000 + b"\n",
        b"image,image\na.png,b.png\n",
        b'image\n"a.png\n',
        b"image,mask\na.png\n",
        b"image\n../../../etc/passwd\x1b[31m\n",
        b"image;mask\na.png;b.png\n",
        b"image,activity\n,x\n",
    ],
)
def test_manifest_is_one_error_for_any_damage(tmp_path, content):
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(DataError, match="Expected |Cannot read ") as raised:
        _ = ManifestDataset(tmp_path / "list.csv").entries
    assert "\n" not in str(raised.value)


def test_manifest_does_not_wait_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "list.csv")
    with pytest.raises(DataError, match="no regular file"):
        _ = ManifestDataset(tmp_path / "list.csv").entries


@pytest.mark.parametrize("text", ["\u0663=a", "1" * 5000 + "=a", "0-" + "9" * 5000 + "=a", "0=a\0b", "0=\x1b[0m"])
def test_label_map_refuses_numbers_and_names_that_nothing_can_store(text):
    with pytest.raises(DataError, match="Expected "):
        LabelMap.parse(text)


@pytest.mark.parametrize("pattern", ["(", "*", "a{99999999999}", "(x)?", "", "(?P<a>", "(" * 500 + ")" * 500])
def test_subject_of_refuses_a_pattern_without_subject(pattern):
    with pytest.raises(DataError, match="Expected "):
        subject_of("image/1.png", pattern)


@pytest.mark.parametrize("name", [b"a\xff.png", b"a\nb.png"])
def test_list_images_names_a_file_that_no_report_can_store(tmp_path, name):
    Image.fromarray(np.zeros((48, 64, 3), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / os.fsdecode(name))
    with pytest.raises(DataError, match="Expected file names in UTF-8 without control characters"):
        _ = FolderDataset(tmp_path).entries
