"""Looking a data set over: every kind of finding, each planted once."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from robustbench_endo.data import FolderDataset
from robustbench_endo.data.checking import Findings, check, splits_of
from robustbench_endo.data.checking.report import sight
from robustbench_endo.data.manifest import ManifestDataset
from robustbench_endo.errors import DataError, FrameError, UnknownNameError

PATIENT = r"(train|test)/./image/OP\d"


@pytest.fixture
def root(make_folder) -> Path:
    """Train and test, two activities of four frames each, two patients in each split."""
    return make_folder(frames=4, splits=("train", "test"))


@pytest.fixture
def look(root) -> Callable[..., Findings]:
    def run(subject_regex: str | None = r"((?:train|test)/./image/OP\d)", **options: object) -> Findings:
        return check(*splits_of(root, subject_regex=subject_regex, **options))

    return run


def kinds(findings: Findings) -> list[str]:
    return [problem.kind for problem in findings.problems]


def write_mask(path: Path, values: np.ndarray) -> None:
    Image.fromarray(values.astype(np.uint8)).save(path)


def test_clean_data_have_no_problem(look):
    found = look()
    assert found.problems == ()
    assert found.remarks == ()
    assert found.name == "folder"
    assert list(found.splits) == ["train", "test"]


def test_counts_and_shares_are_those_of_the_frames(look, root):
    found = look().splits["test"]
    assert (found.frames, found.read, found.masks, found.activities) == (8, 8, 8, 8)
    assert found.sizes == {"64 x 48": 8}
    assert found.activity_frames == {"1": 4, "2": 4}
    assert {name: subject.frames for name, subject in found.subjects.items()} == {
        "test/1/image/OP1": 2, "test/1/image/OP2": 2, "test/2/image/OP1": 2, "test/2/image/OP2": 2
    }  # fmt: skip
    masks = np.stack([np.asarray(Image.open(path)) for path in (root / "test").glob("*/mask/*.png")])
    for label in range(3):
        assert found.classes[label].pixels == pytest.approx((masks == label).mean())
        assert found.classes[label].frames == (masks == label).any((1, 2)).mean()
    assert sum(share.pixels for share in found.classes.values()) == pytest.approx(1)


def test_ignored_pixels_count_for_nothing(look, root):
    path = next((root / "train/1/mask").iterdir())
    mask = np.asarray(Image.open(path)).copy()
    mask[:24] = 255
    write_mask(path, mask)
    found = look()
    assert found.problems == ()
    assert found.splits["train"].ignored == pytest.approx(0.5 / 8)
    assert sum(share.pixels for share in found.splits["train"].classes.values()) == pytest.approx(1)


def test_unreadable_and_unfit_frames_are_listed(look, root):
    (root / "train/1/image/OP1_img_00.png").write_bytes(b"damaged")
    Image.new("L", (64, 48)).save(root / "train/2/image/OP1_img_00.png")
    found = look()
    assert kinds(found) == ["unreadable"]
    (problem,) = found.problems
    assert problem.frames == ("train: train/1/image/OP1_img_00.png", "train: train/2/image/OP1_img_00.png")
    assert "2 of 16 frames cannot be used; the first: Expected a picture in" in problem.text
    assert (found.splits["train"].frames, found.splits["train"].read) == (8, 6)


def test_a_mask_of_another_size(look, root):
    write_mask(root / "test/1/mask/OP1_img_00.png", np.ones((24, 32)))
    (problem,) = look().problems
    assert problem.kind == "labels"
    assert "1 masks have another size than their picture (test: test/1/image/OP1_img_00.png)" in problem.text


def test_labels_beyond_the_classes(look):
    (problem,) = look(classes=("background", "instrument")).problems
    assert "Labels beyond the 2 classes (2) in 16 masks" in problem.text
    assert len(problem.frames) == 16


def test_holes_in_the_labels(look, root):
    for path in root.glob("*/*/mask/*.png"):
        write_mask(path, np.asarray(Image.open(path)) * 2)
    (problem,) = look().problems
    assert "The labels have holes: 0, 2, 4 occur, 1, 3 do not" in problem.text
    assert look(classes=("a", "b", "c", "d", "e")).problems == ()
    assert [remark.text for remark in look(classes=("a", "b", "c", "d", "e")).remarks] == ["In no mask: b, d."]


def test_labels_that_a_codec_has_blurred(look, root):
    random = np.random.default_rng(0)
    for path in root.glob("*/*/mask/*.png"):
        mask = np.asarray(Image.open(path)) * 70
        noise = random.random(mask.shape) < 0.01
        write_mask(path, mask + noise * random.integers(0, 40, mask.shape))
    (problem,) = look().problems
    assert "% of the pixels are 0, 70, 140: a lossy codec may have blurred these; of a video, they" in problem.text


@pytest.mark.parametrize(
    ("value", "text"), [(0, r"one class alone \(0: background\)"), (255, "Every mask is ignored as a whole")]
)
def test_one_class_data(look, root, value, text):
    for path in root.glob("*/*/mask/*.png"):
        write_mask(path, np.full((48, 64), value))
    (problem,) = look().problems
    assert re.search(text, problem.text)


def test_a_class_that_was_never_trained(look, root):
    for path in root.glob("train/*/mask/*.png"):
        write_mask(path, np.asarray(Image.open(path)) > 0)
    found = look(classes=("background", "shaft", "tip"))
    assert [remark.text for remark in found.remarks] == ["In test, but never in train: tip: no model can learn them."]


def test_activities_of_one_kind_or_one_split(look, root):
    (root / "train/2").rename(root / "train/3")
    texts = [remark.text for remark in look().remarks]
    assert texts == [
        "In train alone: 3: they are never tested.",
        "In test, but never in train: 2: no model can learn them.",
    ]


def test_a_group_in_several_splits(look):
    (problem,) = look(subject_regex=r"(OP\d)").problems
    assert problem.kind == "subjects"
    assert "2 subjects in several splits (OP1, OP2)" in problem.text
    assert len(problem.frames) == 16
    assert kinds(look(subject_regex=r"^(train|test)")) == []


def test_identical_pictures_in_several_splits(look, root):
    picture = Image.open(root / "train/1/image/OP1_img_00.png")
    picture.save(root / "test/2/image/OP2_img_03.png", compress_level=1)
    (problem,) = look().problems
    assert problem.kind == "identical"
    assert "train: train/1/image/OP1_img_00.png = test: test/2/image/OP2_img_03.png" in problem.text


def test_copies_within_a_split_are_a_remark(look, root):
    Image.open(root / "test/1/image/OP1_img_00.png").save(root / "test/2/image/OP2_img_03.png")
    found = look()
    assert found.problems == ()
    assert "1 picture more than once in a split" in found.remarks[0].text


def scene(number: int) -> np.ndarray:
    coarse = np.random.default_rng(number).integers(0, 255, (6, 8, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((320, 240), Image.Resampling.BICUBIC))


def test_pictures_that_look_alike_in_several_splits(look, root):
    train, test = root / "train/1/image/OP1_img_00.png", root / "test/2/image/OP2_img_03.png"
    Image.fromarray(scene(0)).resize((64, 48)).save(train)
    noisy = np.clip(scene(0) + np.random.default_rng(1).normal(0, 8, (240, 320, 3)), 0, 255).astype(np.uint8)
    Image.fromarray(noisy).resize((64, 48)).save(test)
    found = look()
    assert found.problems == ()
    (remark,) = found.remarks
    assert remark.kind == "alike"
    assert "1 pair of pictures in different splits look alike" in remark.text
    assert remark.frames == ("train: train/1/image/OP1_img_00.png", "test: test/2/image/OP2_img_03.png")


def test_the_sight_of_a_picture():
    apart = [int((sight(scene(0)) != sight(scene(number))).sum()) for number in range(1, 30)]
    assert min(apart) > 60
    assert (sight(scene(0)) != sight(scene(0)[::2, ::2])).sum() < 12
    assert not sight(np.full((64, 64, 3), 7, np.uint8)).any()


def test_an_empty_split(look, root):
    for path in root.glob("train/*/image/*.png"):
        path.unlink()
    found = look()
    assert kinds(found) == ["split"]
    assert "The split train has no frames: Expected frames in" in found.problems[0].text
    assert list(found.splits) == ["test"]


def test_nothing_to_look_at(root, tmp_path):
    (tmp_path / "empty").mkdir()
    for spec, error in (
        (tmp_path / "empty", DataError),
        (tmp_path / "absent", DataError),
        ("endovi17", UnknownNameError),
    ):
        with pytest.raises(error, match="Expected"):
            splits_of(spec)
    with pytest.raises(DataError, match="Expected a split 'val'"):
        splits_of(root, ("train", "val"))


def test_which_splits_there_are(root, tmp_path, make_folder):
    assert list(splits_of(root)[0]) == ["train", "test"]
    assert list(splits_of(root, ("test",))[0]) == ["test"]
    assert list(splits_of(root / "test")[0]) == ["all"]
    assert list(splits_of(root / "test/1")[0]) == ["all"]
    (root / "train").rename(root / "fold 1")
    assert list(splits_of(root)[0]) == ["test", "fold 1"]
    flat = tmp_path / "flat"
    for split in ("train", "val"):
        (flat / split).mkdir(parents=True)
        (root / "test/1/image").rename(flat / split / "image") if split == "train" else None
    (flat / "val/image").mkdir()
    opened, broken = splits_of(flat)
    assert (list(opened), list(broken)) == (["train"], ["val"])


def test_splits_of_a_manifest(root):
    rows = [
        f"{path.relative_to(root)},{split}" for split in ("train", "test") for path in root.glob(f"{split}/*/image/*")
    ]
    csv = root / "frames.csv"
    csv.write_text("image,split\n" + "\n".join(rows))
    opened, _ = splits_of(csv)
    assert {name: len(data) for name, data in opened.items()} == {"train": 8, "test": 8}
    assert all(isinstance(data, ManifestDataset) for data in opened.values())


@dataclass(frozen=True)
class Paired(FolderDataset):
    """Says that it has pictures in smoke, and has none."""

    recorded_conditions = ("recorded_smoke",)

    def recorded(self, index: int, condition: str) -> torch.Tensor:
        raise FrameError(f"Expected a picture of {self.ids[index]} in smoke, got none: add it.")


def test_missing_pictures_in_recorded_conditions(root):
    (problem,) = check({"test": Paired(root)}).problems
    assert problem.text.startswith("8 pictures in recorded conditions cannot be used; the first: Expected a picture of")


def test_a_dataset_without_splits(root, tmp_path):
    (tmp_path / "plugin.py").write_text(
        "from robustbench_endo.data import FolderDataset\n"
        "def build(split=None):\n"
        f"    return FolderDataset(__import__('pathlib').Path({str(root)!r}), None)\n"
    )
    spec = f"{tmp_path / 'plugin.py'}:build"
    assert list(splits_of(spec)[0]) == ["all"]
    with pytest.raises(DataError, match="got data without splits"):
        splits_of(spec, ("train",))


def test_every_frame_is_reported_and_the_findings_are_json(root):
    calls = []
    found = check(*splits_of(root), lambda done, total: calls.append((done, total)))
    assert calls == [(number, 16) for number in range(1, 17)]
    again = json.loads(json.dumps(asdict(found)))
    assert again["splits"]["train"]["subjects"]["OP1_img"] == {"frames": 4, "masks": 4, "activities": 4}
    assert again["problems"][0]["kind"] == "subjects"


def test_real_frames(shared_data):
    found = check(*splits_of(shared_data / "endovis15"))
    assert found.problems == found.remarks == ()
    assert {name: list(split.subjects) for name, split in found.splits.items()} == {
        "train": ["OP1_img", "OP2_img"],
        "test": ["OP3_img"],
    }
