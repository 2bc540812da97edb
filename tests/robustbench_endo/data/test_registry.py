import pytest

from robustbench_endo.data import list_datasets, load_dataset
from robustbench_endo.errors import DataError, RobustEndoError, UnknownNameError


def test_unknown_names_bring_the_closest():
    with pytest.raises(UnknownNameError, match="found 'synthetik': did you mean synthetic"):
        load_dataset("synthetik")
    assert {"folder", "synthetic"} <= set(list_datasets())


def test_a_path_that_is_not_there_is_not_a_name():
    with pytest.raises(DataError, match="Expected a data folder at"):
        len(load_dataset("./nowhere/at/all"))


def test_options_that_a_dataset_does_not_take():
    with pytest.raises(DataError, match="Expected a root|Expected the root"):
        load_dataset("folder")
    with pytest.raises(DataError, match="found 'frames': leave it out"):
        load_dataset("folder", root=".", frames=3)


def test_a_users_dataset(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("class Data:\n    def __init__(self, split='x'):\n        self.split = split\n")
    assert load_dataset(f"{path}:Data", split="val").split == "val"
    with pytest.raises(RobustEndoError, match="Expected a callable 'Nothing'"):
        load_dataset(f"{path}:Nothing")
