import pytest

from robustbench_endo.data import load_dataset
from robustbench_endo.errors import DataError


@pytest.mark.parametrize(
    ("name", "labels", "activities"), [("mtlesd", 7, 3), ("mtlendovis", 8, 12), ("mtlendovis-gen", 8, 12)]
)
def test_numbers_of_labels_and_activities_are_those_of_the_paper(name, labels, activities, fakes, tmp_path):
    data = load_dataset(name, root=fakes.multitask(tmp_path))
    assert (len(data.classes), len(data.activities)) == (labels, activities)


def test_activity_folder_keeps_its_index_where_others_are_empty(fakes, tmp_path):
    root = fakes.multitask(tmp_path, activities=(2, 12))
    data = load_dataset("mtlendovis", root=root)
    assert [sample.activity for sample in data] == [11, 11, 1, 1]
    assert [sample.mask.max().item() for sample in data] == [6, 6, 2, 2]
    # folder numbers the folders that exist; mtlendovis those of the data set
    assert load_dataset(root)[0].activity == 1


def test_labels_of_mtlendovis_gen_are_those_of_mtlendovis(fakes, tmp_path):
    root = fakes.multitask(tmp_path, activities=(4,), splits=("test",))
    trained, tested = load_dataset("mtlendovis", root=root), load_dataset("mtlendovis-gen", root=root)
    assert (trained.classes, trained.activities) == (tested.classes, tested.activities)
    assert tested[0].activity == 3
    with pytest.raises(DataError, match="Expected the split test of mtlendovis-gen, got 'train'"):
        load_dataset("mtlendovis-gen", root=root, split="train")


def test_activity_folders_other_than_the_numbers_are_rejected(fakes, tmp_path):
    data = load_dataset("mtlesd", root=fakes.multitask(tmp_path, activities=(1, 4)))
    with pytest.raises(DataError, match=r"activity folders 1 to 3 .*, got 1, 4 in"):
        data.check(range(len(data)))
    bare = load_dataset("mtlesd", root=tmp_path / "test" / "1")
    with pytest.raises(DataError, match="got frames without one"):
        bare[0]


def test_check_rejects_labels_beyond_those_of_the_paper(fakes, tmp_path):
    root = fakes.multitask(tmp_path, activities=(1,))
    fakes.mask(root / "test/1/mask/case1_000.png", 7, 1)
    with pytest.raises(DataError, match="Expected labels from 0 to 6 .* got 7"):
        load_dataset("mtlesd", root=root).check([0])


def test_one_based_masks_are_reduced_by_one(fakes, tmp_path):
    root = fakes.multitask(tmp_path, activities=(1,))
    fakes.mask(root / "test/1/mask/case1_000.png", 7, 1)
    data = load_dataset(f"mtlesd@one_based_masks=true:{root}")
    data.check([0])
    assert data[0].mask.unique().tolist() == [0, 6]
