import json
from dataclasses import asdict, dataclass

import numpy as np
import pytest
import torch
from PIL import Image

from robustbench_endo.data import FolderDataset
from robustbench_endo.data.checking import check, splits_of
from robustbench_endo.errors import FrameError


def test_check_finds_no_problem_in_clean_data(validate, root):
    findings = validate()
    assert findings.problems == ()
    assert findings.remarks == ()
    assert findings.name == root.name
    assert list(findings.splits) == ["train", "test"]


def test_check_counts_frames_and_shares_of_labels(validate, root):
    split = validate().splits["test"]
    assert (split.frames, split.read, split.masks, split.activities) == (8, 8, 8, 8)
    assert split.sizes == {"64 x 48": 8}
    assert split.activity_frames == {"1": 4, "2": 4}
    assert {name: subject.frames for name, subject in split.subjects.items()} == {
        "test/1/image/OP1": 2, "test/1/image/OP2": 2, "test/2/image/OP1": 2, "test/2/image/OP2": 2
    }  # fmt: skip
    masks = np.stack([np.asarray(Image.open(path)) for path in (root / "test").glob("*/mask/*.png")])
    for label in range(3):
        assert split.classes[label].pixels == pytest.approx((masks == label).mean())
        assert split.classes[label].frames == (masks == label).any((1, 2)).mean()
    assert sum(share.pixels for share in split.classes.values()) == pytest.approx(1)


def test_check_leaves_ignored_pixels_out_of_the_shares(validate, root, write_mask):
    path = next((root / "train/1/mask").iterdir())
    mask = np.asarray(Image.open(path)).copy()
    mask[:24] = 255
    write_mask(path, mask)
    findings = validate()
    assert findings.problems == ()
    assert findings.splits["train"].ignored == pytest.approx(0.5 / 8)
    assert sum(share.pixels for share in findings.splits["train"].classes.values()) == pytest.approx(1)


def test_check_reports_a_broken_split(validate, root):
    for path in root.glob("train/*/image/*.png"):
        path.unlink()
    findings = validate()
    assert [problem.kind for problem in findings.problems] == ["split"]
    assert "The split train has no frames: Expected frames in" in findings.problems[0].text
    assert list(findings.splits) == ["test"]


def test_check_lists_unreadable_and_unusable_frames(validate, root):
    (root / "train/1/image/OP1_img_00.png").write_bytes(b"damaged")
    Image.new("CMYK", (64, 48)).save(root / "train/2/image/OP1_img_00.tif")
    (root / "train/2/image/OP1_img_00.png").unlink()
    findings = validate()
    assert [problem.kind for problem in findings.problems] == ["unreadable"]
    (problem,) = findings.problems
    assert problem.frames == ("train: 1/image/OP1_img_00.png", "train: 2/image/OP1_img_00.tif")
    assert "2 of 16 frames cannot be used; the first: Cannot read the image" in problem.text
    assert (findings.splits["train"].frames, findings.splits["train"].read) == (8, 6)


def test_check_reports_a_mask_of_another_size(validate, root, write_mask):
    write_mask(root / "test/1/mask/OP1_img_00.png", np.ones((24, 32)))
    (problem,) = validate().problems
    assert problem.kind == "unreadable"
    assert "Expected a mask of the size of its frame 1/image/OP1_img_00.png (64 x 48), got 32 x 24" in problem.text


@dataclass(frozen=True)
class Paired(FolderDataset):
    """Declares images in smoke, and has none."""

    recorded_conditions = ("recorded_smoke",)

    def recorded(self, index: int, condition: str) -> torch.Tensor:
        raise FrameError(f"Expected an image of {self.ids[index]} in smoke, got none: add it.")


def test_check_reports_missing_images_of_recorded_conditions(root):
    (problem,) = check({"test": Paired(root)}).problems
    assert problem.text.startswith("8 images in recorded conditions cannot be used; the first: Expected an image of")


def test_check_reports_progress_and_findings_convert_to_json(root):
    calls = []
    findings = check(*splits_of(root), lambda done, total: calls.append((done, total)))
    assert calls == [(number, 16) for number in range(1, 17)]
    loaded = json.loads(json.dumps(asdict(findings)))
    assert loaded["splits"]["train"]["subjects"]["OP1_img"] == {"frames": 4, "masks": 4, "activities": 4}
    assert loaded["problems"][0]["kind"] == "subjects"


def test_check_finds_no_problem_in_real_frames(shared_data):
    findings = check(*splits_of(shared_data / "endovis15"))
    assert findings.problems == findings.remarks == ()
    assert {name: list(split.subjects) for name, split in findings.splits.items()} == {
        "train": ["OP1_img", "OP2_img"],
        "test": ["OP3_img"],
    }


def test_check_names_turned_frames_jpeg_masks_and_several_frames(validate, root):
    folder = root / "test/1"
    tags = Image.Exif()
    tags[0x0112] = 3
    with Image.open(folder / "image/OP1_img_00.png") as image:
        image.load()
    image.save(folder / "image/OP1_img_00.png", exif=tags)
    mask = folder / "mask/OP2_img_01.png"
    with Image.open(mask) as image:
        image.convert("RGB").save(folder / "mask/OP2_img_01.jpg")
    mask.unlink()
    frames = [Image.new("RGB", (64, 48), (value, 0, 0)) for value in (0, 99)]
    frames[0].save(folder / "image/OP1_img_02.png", save_all=True, append_images=frames[1:])
    findings = validate()
    problems = {problem.kind: problem for problem in findings.problems}
    assert problems["JPEG mask"].frames == ("test: 1/image/OP2_img_01.png",)
    assert problems["several frames"].frames == ("test: 1/image/OP1_img_02.png",)
    assert "got 2 (an animation, or several pages)" in problems["several frames"].text
    remark = next(remark for remark in findings.remarks if remark.kind == "orientation")
    assert remark.frames == ("test: 1/image/OP1_img_00.png",)
    assert remark.text.startswith("1 of 16 frames have an EXIF orientation and are turned")
