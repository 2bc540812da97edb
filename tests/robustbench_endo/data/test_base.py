import numpy as np
import pytest
import torch
from PIL import Image

from robustbench_endo.data import FolderDataset
from robustbench_endo.data.base import highest_label, numbered_class_names, read_class_names
from robustbench_endo.errors import DataError, FrameError


def test_fingerprint_changes_with_frames_and_content(make_folder):
    root = make_folder()
    before = FolderDataset(root).fingerprint([0, 1])
    assert before == FolderDataset(root).fingerprint([0, 1]) != FolderDataset(root).fingerprint([0])
    path = root / "test/1/mask/OP1_img_00.png"
    Image.fromarray(np.zeros((48, 64), np.uint8)).save(path)
    assert FolderDataset(root).fingerprint([0, 1]) != before


def image_of(mode):
    return Image.fromarray(np.zeros((48, 64, 3), np.uint8)).convert(mode)


@pytest.mark.parametrize(
    ("folder", "content", "text"),
    [
        ("image", image_of("CMYK"), "Expected 8-bit RGB .* got a CMYK image"),
        ("image", Image.fromarray(np.zeros((48, 64, 4), np.uint8)), "got a RGBA image with transparent pixels"),
        ("image", Image.fromarray(np.zeros((48, 64), np.uint16)), "got 16-bit or deeper pixels"),
        ("mask", Image.fromarray(np.eye(3, dtype=np.uint8)[None] * 255).resize((64, 48)), "got colours .#"),
        ("mask", Image.fromarray(np.full((48, 64), 999, np.uint16)), "got 16-bit or deeper pixels with values above"),
        ("mask", Image.fromarray(np.zeros((40, 64), np.uint8)), r"size of its frame .* \(64 x 48\), got 64 x 40"),
        ("mask", None, "Expected a mask for the frame .* got none of that name in"),
    ],
)
def test_one_unusable_file_is_left_out(make_folder, folder, content, text):
    root = make_folder()
    path = root / "test" / "1" / folder / "OP1_img_00.png"
    path.unlink()
    if content is not None:
        content.save(path.with_suffix(".tif"))
    data = FolderDataset(root, class_names=("a", "b", "c"))
    data.check(range(len(data)))
    with pytest.raises(FrameError, match=text):
        data[0]
    assert data[1].mask is not None


def test_check_rejects_data_of_which_most_frames_are_unusable(make_folder):
    root = make_folder()
    masks = sorted(root.glob("test/*/mask/*.png"))
    for path in masks[: len(masks) // 2 + 1]:
        path.unlink()
    data = FolderDataset(root)
    with pytest.raises(DataError, match=r"^3 of 4 frames cannot be used; the first: Expected a mask for the frame"):
        data.check(range(len(data)))


def test_check_rejects_labels_beyond_the_classes(make_folder):
    root = make_folder()
    Image.fromarray(np.full((48, 64), 7, np.uint8)).save(root / "test/1/mask/OP1_img_00.png")
    data = FolderDataset(root, class_names=("a", "b", "c"))
    with pytest.raises(DataError, match=r"labels from 0 to 2 .* got 7"):
        data.check(range(len(data)))


def test_ids_do_not_depend_on_the_folder_that_is_given(make_folder):
    root = make_folder(splits=("train", "test"))
    ways = [FolderDataset(root), FolderDataset(root, "test"), FolderDataset(root / "test")]
    assert ways[0].ids == ways[1].ids == ways[2].ids
    assert len({way.fingerprint(range(len(way))) for way in ways}) == 1
    assert {(way.name, way.activities, way.classes) for way in ways} == {
        (root.name, ("1", "2"), ("background", "class 1", "class 2"))
    }


def test_getitem_raises_frame_error_for_a_damaged_or_missing_image(make_folder):
    root = make_folder()
    path = root / "test/1/image/OP1_img_00.png"
    path.write_bytes(path.read_bytes()[:400])
    data = FolderDataset(root)
    data.check(range(len(data)))
    with pytest.raises(FrameError, match=r"Cannot decode the image .*OP1_img_00.png: .* Replace or remove the frame"):
        data[0]
    path.write_bytes(b"nothing")
    with pytest.raises(FrameError, match="not an image in a known format"):
        data[0]
    path.unlink()
    with pytest.raises(FrameError, match="no such file"):
        data[0]


def test_read_class_names_skips_blank_lines(tmp_path):
    assert read_class_names(tmp_path) is None
    (tmp_path / "classes.txt").write_text("background\n\n shaft \n")
    assert read_class_names(tmp_path) == ("background", "shaft")


def test_numbered_class_names_has_at_least_two():
    assert numbered_class_names(0) == numbered_class_names(1) == ("background", "class 1")


def test_highest_label_leaves_out_ignored_pixels_and_missing_masks():
    assert highest_label([None, torch.tensor([[3, 255]], dtype=torch.uint8)]) == 3
    assert highest_label([None]) == 0


def turn(path, orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    with Image.open(path) as image:
        image.load()
    image.save(path, exif=tags)


def test_notes_count_the_turned_frames(make_folder):
    root = make_folder()
    assert FolderDataset(root).notes == ()
    frame = root / "test/1/image/OP1_img_00.png"
    before = FolderDataset(root)[0]
    for path in (frame, root / "test/1/mask/OP1_img_00.png"):
        turn(path, 6)
    data = FolderDataset(root)
    assert data.notes == ("1 of 4 frames have an EXIF orientation and were turned.",)
    assert (data.is_turned(0), data.is_turned(1)) == (True, False)
    data.check(range(4))
    assert torch.equal(data[0].image, before.image.rot90(-1, (1, 2)))
    assert torch.equal(data[0].mask, before.mask.rot90(-1))


def test_check_leaves_out_a_frame_that_is_turned_without_its_mask(make_folder):
    root = make_folder()
    turn(root / "test/1/image/OP1_img_00.png", 6)
    data = FolderDataset(root)
    assert len(data.check_files(range(4)).unsuitable) == 1
    with pytest.raises(FrameError, match="Expected a mask of the size of its frame .* .48 x 64., got 64 x 48"):
        data[0]
