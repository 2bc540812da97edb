"""Items of another library as frames: read, checked before a run, and fingerprinted."""

import pytest
import torch

from robustbench_endo.data.from_torch import from_torch
from robustbench_endo.errors import DataError, FrameError
from robustbench_endo.types import Dataset

CLASSES = ["tissue", "tool"]


def pairs(count=3):
    generator = torch.Generator().manual_seed(0)
    return [
        (torch.rand(3, 40, 48, generator=generator), torch.randint(0, 2, (40, 48), generator=generator))
        for _ in range(count)
    ]


class Faulty(list):
    """Items of which some cannot be read."""

    def __getitem__(self, index):
        item = super().__getitem__(index)
        if isinstance(item, Exception):
            raise item
        return item


def test_item_dataset_meets_the_contract():
    data = from_torch(pairs(), CLASSES)
    assert isinstance(data, Dataset)
    assert data[1].mask.dtype == data[1].image.dtype == torch.uint8
    assert (data[1].id, data[1].subject_id) == ("1", "all")
    data.check(range(3))


def test_item_dataset_leaves_out_an_item_that_cannot_be_read():
    data = from_torch(Faulty([*pairs(), OSError("truncated")]), CLASSES)
    with pytest.raises(FrameError, match=r"Cannot read item 3 of Faulty: OSError: truncated. Correct the data set."):
        data[3]
    data.check(range(4))
    assert data.fingerprint([3]) != data.fingerprint([2])
    broken = from_torch(Faulty([*pairs(1), OSError("a"), OSError("b")]), CLASSES)
    with pytest.raises(DataError, match="2 of 3 frames cannot be used; the first: Cannot read item 1"):
        broken.check(range(3))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda mask: mask + 5, r"the indices 0 to 1 of the classes tissue, tool, .*got 6: name all classes"),
        (lambda mask: mask * 255, "got only 0 and 255, which means ignored: return mask == 255"),
    ],
)
def test_check_refuses_masks_of_other_values(change, text):
    data = from_torch([(image, change(mask)) for image, mask in pairs()], CLASSES)
    with pytest.raises(DataError, match=text):
        data.check(range(3))


def test_item_dataset_refuses_a_mask_of_another_size_and_a_missing_key():
    items = pairs()
    data = from_torch([items[0], (items[1][0], items[1][1][:20])], CLASSES)
    with pytest.raises(FrameError, match=r"of the size of its image \(48 x 40\), got 48 x 20 in item 1 of list"):
        data[1]
    data = from_torch([{"image": items[0][0], "mask": items[0][1]}, {"mask": items[0][1]}], CLASSES)
    with pytest.raises(FrameError, match="Expected 'image' in every item"):
        data[1]
    absent = from_torch([{"image": items[0][0], "mask": items[0][1]}, {"image": items[0][0]}], CLASSES)
    assert absent[1].mask is None


def test_fingerprint_changes_with_the_pixels_of_images_and_masks():
    items = pairs()
    base = from_torch(items, CLASSES).fingerprint([0, 1])
    assert from_torch(items, CLASSES).fingerprint([0, 1]) == base
    other = [(items[0][0], 1 - items[0][1]), *items[1:]]
    assert from_torch(other, CLASSES).fingerprint([0, 1]) != base
    brighter = [(items[0][0].sqrt(), items[0][1]), *items[1:]]
    assert from_torch(brighter, CLASSES).fingerprint([0, 1]) != base
