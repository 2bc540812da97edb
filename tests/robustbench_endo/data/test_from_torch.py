"""Data sets of torch as data: names, subjects, and the sentences of what does not fit."""

import pytest
import torch
from torch.utils.data import ConcatDataset, DataLoader, Subset, TensorDataset

import robustbench_endo as rb
from robustbench_endo.data.from_torch import from_torch, label_names
from robustbench_endo.data.subjects import ALL_FRAMES, subject_note
from robustbench_endo.errors import DataError

CLASSES = ["tissue", "shaft", "tip"]
GENERATOR = torch.Generator().manual_seed(0)
IMAGES = torch.rand(4, 3, 40, 48, generator=GENERATOR)
MASKS = torch.randint(0, 3, (4, 40, 48), generator=GENERATOR)
PAIRS = list(zip(IMAGES, MASKS, strict=True))


class Frames(torch.utils.data.Dataset):
    """Pairs with paths that name patients."""

    paths = ("/data/p1_01.png", "/data/p1_02.png", "/data/p2_01.png", "/data/p2_02.png")
    classes = CLASSES

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return PAIRS[index]


def test_evaluate_a_network_on_pairs_of_torch():
    data = rb.from_torch(PAIRS, classes=CLASSES)
    results = rb.evaluate(torch.nn.Conv2d(3, 3, 1), data, "contrast", 3)
    assert len(results.frame) == 8
    assert results.info["data"]["subject_source"] == "none"
    assert "give no subjects" in results.info["data"]["subject_note"]


@pytest.mark.parametrize(
    "dataset",
    [PAIRS, TensorDataset(IMAGES, MASKS), DataLoader(PAIRS, batch_size=2), ConcatDataset([PAIRS[:2], PAIRS[2:]])],
)
def test_from_torch_reads_every_container(dataset):
    data = from_torch(dataset, CLASSES)
    assert [torch.equal(data[i].mask.long(), MASKS[i]) for i in range(4)] == [True] * 4
    assert set(data.subjects) == {ALL_FRAMES}
    assert subject_note(data) is not None


def test_from_torch_takes_names_classes_and_subjects_of_the_data_set():
    data = from_torch(Frames())
    assert (data.name, data.classes, data.activities) == ("Frames", tuple(CLASSES), ())
    assert data.ids == ["p1_01.png", "p1_02.png", "p2_01.png", "p2_02.png"]
    assert (data.subjects, data.subject_source) == (["p1", "p1", "p2", "p2"], "file names")
    selected = from_torch(Subset(Frames(), [3, 0]), name="mine")
    assert (selected.ids, selected.subjects, selected.name) == (["p2_02.png", "p1_01.png"], ["p2", "p1"], "mine")


def test_from_torch_follows_the_subjects_of_its_caller():
    data = from_torch(PAIRS, CLASSES, ids=["a1", "a2", "b1", "b2"], subject_regex=r"^(\w)\d")
    assert (data.subjects, data.subject_source) == (["a", "a", "b", "b"], "regex")
    assert from_torch(PAIRS, CLASSES, subjects=[1, 1, 2, 2]).subjects == ["1", "1", "2", "2"]
    independent = from_torch(PAIRS, CLASSES, assume_independent_frames=True)
    assert (independent.subjects, independent.subject_source) == (independent.ids, "independent frames")


def test_from_torch_evaluates_the_targets_that_have_names():
    items = [(image, mask, number) for number, (image, mask) in enumerate(PAIRS)]
    both = from_torch(items, CLASSES, ["cut", "hold", "pull", "rest"])
    assert [both[i].activity for i in range(4)] == [0, 1, 2, 3]
    masks = from_torch(items, CLASSES)
    assert masks[1].activity is None
    assert "whole numbers in 2 that are not evaluated, because activities=" in masks.notes[0]


def test_label_names_accepts_lists_and_indices():
    assert label_names("classes", {"1": "tool", "0": "tissue"}) == ("tissue", "tool")
    for wrong in (3, "abc", ["a", "a"], [], {1: "tool"}, ["a", None]):
        with pytest.raises(DataError, match="Expected classes to be a list of different names"):
            label_names("classes", wrong)


class Random(Frames):
    """Another image each time."""

    def __getitem__(self, index):
        return torch.rand(3, 40, 48), MASKS[index]


class Broken(Frames):
    """A mistake in the code."""

    def __getitem__(self, index):
        return self.missing[index]


@pytest.mark.parametrize(
    ("dataset", "options", "text"),
    [
        (
            PAIRS,
            {},
            r"Expected classes=, the names of the labels in entry 1 of each item, got none: write classes=\[...\]",
        ),
        (PAIRS, {"classes": CLASSES, "activities": ["cut"]}, "items with the target activity for activities="),
        ([(IMAGES[0], 1)], {"classes": CLASSES}, "without: write activities= for the labels that they have"),
        (PAIRS, {"classes": ["tool"]}, r"background included, got only 'tool': write classes=\['background', 'tool'\]"),
        ([(IMAGES[0] * float("nan"), MASKS[0])], {"classes": CLASSES}, "nan: replace NaN and infinity"),
        ([], {}, "Expected at least one item, got an empty list"),
        (iter(PAIRS), {}, r"got list_iterator: collect the items .* rb.from_torch\(list\(dataset\)"),
        ({"test": PAIRS}, {}, "got a dict of test: give one of its entries"),
        ("folder", {}, "folders are read by rb.load_dataset"),
        (Broken(), {}, r"Cannot read the first item of Broken: AttributeError: .* Check that dataset\[0\] works"),
        (Random(), {}, "leave random transforms, which are for training, out"),
        ([(IMAGES[0] - 0.5, MASKS[0])], {"classes": CLASSES}, r"undo it by mean=\(...\), std=\(...\). This is item 0"),
        (PAIRS, {"classes": CLASSES, "mean": 3}, "Expected mean to be three numbers, got 3"),
        (PAIRS, {"classes": CLASSES, "subjects": ["p"]}, "Expected subjects to be one text for each of the 4 items"),
        (
            PAIRS,
            {"classes": CLASSES, "subjects": ["p"] * 4, "subject_regex": "p"},
            "Expected one of subjects=, subject_regex= and assume_independent_frames=",
        ),
    ],
)
def test_from_torch_names_the_argument_that_helps(dataset, options, text):
    with pytest.raises(DataError, match=text) as caught:
        from_torch(dataset, **options)
    assert "\n" not in str(caught.value)
