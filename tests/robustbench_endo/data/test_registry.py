import re
from pathlib import Path

import pytest

from robustbench_endo.data import list_datasets, load_dataset
from robustbench_endo.data.layouts.cholecseg8k import CLASSES as CHOLEC
from robustbench_endo.data.layouts.endovis17 import TYPES as TYPES_17
from robustbench_endo.data.layouts.endovis18 import TYPES as TYPES_18
from robustbench_endo.data.layouts.label_maps import SCENE
from robustbench_endo.data.registry import BUILTINS, DESCRIPTIONS, is_divided
from robustbench_endo.errors import DataError, RobustEndoError, UnknownNameError

PAGE = (Path(__file__).parents[3] / "docs" / "datasets.md").read_text("utf-8")


def test_load_dataset_names_the_closest_match():
    with pytest.raises(UnknownNameError, match="got 'synthetik': did you mean synthetic"):
        load_dataset("synthetik")
    assert {"folder", "synthetic"} <= set(list_datasets())


def test_load_dataset_takes_a_missing_path_for_a_folder():
    with pytest.raises(DataError, match="Expected a data folder at"):
        len(load_dataset("./nowhere/at/all"))


def test_load_dataset_names_the_path_of_a_missing_folder():
    with pytest.raises(UnknownNameError, match="got 'my_frames': check the path of a folder, or choose from folder, "):
        load_dataset("my_frames")


def test_load_dataset_rejects_unknown_options():
    with pytest.raises(DataError, match="Expected a root|Expected the root"):
        load_dataset("folder")
    with pytest.raises(DataError, match="got 'frames': leave it out"):
        load_dataset("folder", root=".", frames=3)


def test_load_dataset_takes_a_factory_from_a_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("class Data:\n    def __init__(self, split='x'):\n        self.split = split\n")
    assert load_dataset(f"{path}:Data", split="val").split == "val"
    with pytest.raises(RobustEndoError, match="Expected a callable 'Nothing'"):
        load_dataset(f"{path}:Nothing")


@pytest.mark.parametrize("spec", ["./clip.mp4", "clip.AVI", "some/clip.mkv", "clip.ts"])
def test_load_dataset_recognizes_files_by_their_suffix(spec, monkeypatch):
    roots = {}
    monkeypatch.setitem(BUILTINS, "video", lambda root=None, split=None: roots.setdefault("video", root))
    monkeypatch.setitem(BUILTINS, "manifest", lambda root=None: roots.setdefault("manifest", root))
    load_dataset(spec)
    load_dataset("lists/frames.csv")
    assert {name: str(root) for name, root in roots.items()} == {
        "video": spec.removeprefix("./"),
        "manifest": "lists/frames.csv",
    }


def test_load_dataset_takes_name_and_folder_in_one_spec(make_folder):
    root = make_folder()
    assert load_dataset(f"folder:{root}").ids == load_dataset(root).ids
    with pytest.raises(DataError, match="Expected one root, got"):
        load_dataset(f"folder:{root}", root=root)
    with pytest.raises(DataError, match="Expected no folder for the synthetic scenes"):
        load_dataset(f"synthetic:{root}")


def test_load_dataset_does_not_take_a_module_for_a_name(tmp_path, monkeypatch):
    (tmp_path / "endoscopes.py").write_text("def build(split=None):\n    return split\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert load_dataset("endoscopes:build", split="x") == "x"
    with pytest.raises(RobustEndoError, match="Cannot import the module 'endovis19' for the dataset"):
        load_dataset("endovis19:/data")


def test_list_datasets_names_are_described():
    assert set(DESCRIPTIONS) == set(BUILTINS) == set(list_datasets())


def test_docs_have_a_section_for_every_dataset():
    sections = re.findall(r"^### `([^`]+)`", PAGE, re.MULTILINE)
    assert sorted(sections) == sorted(BUILTINS)
    linked = re.findall(r"\]\(#([^)]+)\)", PAGE)
    assert set(linked) <= {*BUILTINS, "values-of-masks", "subjects"}


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("mtlendovis", TYPES_18),
        ("endovis17", TYPES_17),
        ("endovis18", TYPES_18),
        ("endovis18", tuple(name for name, _ in SCENE)),
        ("cholecseg8k", tuple(name for name, _, _ in CHOLEC)),
    ],
)
def test_docs_list_the_classes_by_index(name, classes):
    section = " ".join(PAGE.split(f"## `{name}`")[1].split("\n## ")[0].split())
    assert ", ".join(f"{index} {label}" for index, label in enumerate(classes)) in section


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
def test_docs_examples_run(block):
    exec(compile(block, "datasets.md", "exec"), {})


def test_is_divided_by_kind_of_dataset(tmp_path):
    (tmp_path / "flat").mkdir()
    (tmp_path / "divided" / "test").mkdir(parents=True)
    (tmp_path / "with.csv").write_text("image,split\n")
    (tmp_path / "without.csv").write_text("image,mask\n")
    specs = {"synthetic": True, "endovis18:x": True, "video:x": False, "x.mp4": False}
    paths = {"flat": False, "divided": True, "with.csv": True, "without.csv": False}
    for spec, expected in (specs | {str(tmp_path / path): known for path, known in paths.items()}).items():
        assert is_divided(spec) is expected, spec


def test_load_dataset_takes_options_in_the_spec():
    data = load_dataset("synthetic@frames=4,seed=9", split="test")
    assert len(data) == 4
    assert data[0].image.equal(load_dataset("synthetic", split="test", frames=4, seed=9)[0].image)
    with pytest.raises(RobustEndoError, match="Expected options as key=value,key=value after the @, got 'frames'"):
        load_dataset("synthetic@frames")
    assert not is_divided("video@every=5:clip.mp4")


@pytest.mark.parametrize("name", ["classes", "subject_regex", "label_map", "assume_independent_frames", "every"])
def test_load_dataset_refuses_options_that_the_synthetic_scenes_lack(name):
    with pytest.raises(DataError, match=f"Expected no {name} for the synthetic scenes, got one: leave it out"):
        load_dataset("synthetic", **{name: "x"})


def test_load_dataset_names_a_factory_that_raises(tmp_path):
    (tmp_path / "mine.py").write_text("def build(root=None):\n    return {}['frames']\n")
    with pytest.raises(DataError, match="Cannot open the data set .*mine.py:build': its factory raised KeyError: 'fr"):
        load_dataset(f"{tmp_path}/mine.py:build")
