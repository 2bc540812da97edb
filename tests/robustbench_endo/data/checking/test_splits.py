import pytest

from robustbench_endo.data.checking import splits_of
from robustbench_endo.data.manifest import ManifestDataset
from robustbench_endo.errors import DataError, UnknownNameError


def test_splits_of_rejects_what_has_no_frames(root, tmp_path):
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


def test_splits_of_detects_the_splits_of_a_folder(root, tmp_path):
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
    loaded, broken = splits_of(flat)
    assert (list(loaded), list(broken)) == (["train"], ["val"])


def test_splits_of_reads_the_splits_of_a_manifest(root):
    rows = [
        f"{path.relative_to(root)},{split}" for split in ("train", "test") for path in root.glob(f"{split}/*/image/*")
    ]
    csv = root / "frames.csv"
    csv.write_text("image,split\n" + "\n".join(rows))
    loaded, _ = splits_of(csv)
    assert {name: len(data) for name, data in loaded.items()} == {"train": 8, "test": 8}
    assert all(isinstance(data, ManifestDataset) for data in loaded.values())


def test_splits_of_a_dataset_without_splits_is_all(root, tmp_path):
    (tmp_path / "plugin.py").write_text(
        "from robustbench_endo.data import FolderDataset\n"
        "def build(split=None):\n"
        f"    return FolderDataset(__import__('pathlib').Path({str(root)!r}), None)\n"
    )
    spec = f"{tmp_path / 'plugin.py'}:build"
    assert list(splits_of(spec)[0]) == ["all"]
    with pytest.raises(DataError, match="got data without splits"):
        splits_of(spec, ("train",))
