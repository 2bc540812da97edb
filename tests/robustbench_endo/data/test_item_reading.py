"""Images and targets of items, as other libraries return them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import tv_tensors

from robustbench_endo.data.item_reading import (
    ItemKeys,
    find_keys,
    read_item_activity,
    read_item_image,
    read_item_mask,
)
from robustbench_endo.errors import DataError

LEVELS = np.random.default_rng(0).integers(0, 256, (8, 10, 3), dtype=np.uint8)
PLANES = torch.from_numpy(LEVELS).permute(2, 0, 1)
LABELS = np.random.default_rng(1).integers(0, 3, (8, 10))
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(LEVELS),
        LEVELS,
        LEVELS.transpose(2, 0, 1),
        LEVELS / 255,
        PLANES,
        PLANES.permute(1, 2, 0),
        PLANES / 255,
        (PLANES / 255).half(),
        tv_tensors.Image(PLANES),
    ],
)
def test_read_item_image_gives_the_same_levels_for_every_form(image: Any) -> None:
    assert torch.equal(read_item_image(image), PLANES)


def test_read_item_image_undoes_a_normalisation_and_copies() -> None:
    mean, std = torch.tensor(MEAN).view(3, 1, 1), torch.tensor(STD).view(3, 1, 1)
    assert torch.equal(read_item_image((PLANES / 255 - mean) / std, MEAN, STD), PLANES)
    image = read_item_image(PLANES)
    image.zero_()
    assert PLANES.any()


@pytest.mark.parametrize(
    ("image", "text"),
    [
        (PLANES / 127.5 - 1, r"got values from -1 to 1: give the data set without Normalize, or undo it by mean="),
        (PLANES.float(), "convert them to uint8, or divide them by 255"),
        (PLANES.float() * float("nan"), "got values from nan"),
        (PLANES[:1], r"got Tensor \(1, 8, 10\) of uint8: return one image per item, a grey one stacked"),
        (PLANES[None], r"Expected RGB images \(3, H, W\) or \(H, W, 3\)"),
        (PLANES.long(), "convert to uint8"),
        ("frame.png", "got str: open files in the data set"),
        (None, "got NoneType"),
    ],
)
def test_read_item_image_refuses_others_with_the_fix(image: Any, text: str) -> None:
    with pytest.raises(DataError, match=text):
        read_item_image(image)
    if "Normalize" in text:
        with pytest.raises(DataError, match="correct mean= and std="):
            read_item_image(image * 9, MEAN, STD)


@pytest.mark.parametrize(
    "mask",
    [
        LABELS,
        LABELS[None],
        LABELS[..., None],
        LABELS.astype(np.float32),
        torch.from_numpy(LABELS),
        torch.from_numpy(LABELS).to(torch.int32)[None],
        Image.fromarray(LABELS.astype(np.uint8)),
        LABELS.tolist(),
        tv_tensors.Mask(torch.from_numpy(LABELS)),
    ],
)
def test_read_item_mask_gives_the_same_indices_for_every_form(mask: Any) -> None:
    labels = read_item_mask(mask)
    assert labels is not None
    assert labels.dtype == torch.uint8
    assert np.array_equal(labels, LABELS)


def test_read_item_mask_reads_palettes_bool_and_ignored_values() -> None:
    palette = Image.fromarray(LABELS.astype(np.uint8)).copy()
    palette.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    assert palette.mode == "P"
    assert np.array_equal(read_item_mask(palette), LABELS)
    assert np.array_equal(read_item_mask(LABELS > 0), LABELS > 0)
    assert read_item_mask(np.array([[-100, -1, 1, 255]])).tolist() == [[255, 255, 1, 255]]
    assert read_item_mask(None) is None


@pytest.mark.parametrize(
    ("mask", "text"),
    [
        (LABELS / 255, "got fractions such as 0.00.*: ToTensor divides a mask by 255; use PILToTensor"),
        (np.eye(3)[LABELS], r"take the argmax of one-hot masks"),
        (Image.fromarray(LEVELS), "got a PIL image of mode RGB: map its colours"),
        (LABELS + 300, "Expected class indices below 255, got 302"),
        ("mask.png", "got str"),
    ],
)
def test_read_item_mask_refuses_others_with_the_fix(mask: Any, text: str) -> None:
    with pytest.raises(DataError, match=text):
        read_item_mask(mask)


def test_read_item_activity_takes_numbers_and_names() -> None:
    names = ("hold", "cut")
    values = [1, np.int64(1), torch.tensor(1), torch.tensor([1]), "cut"]
    assert [read_item_activity(value, names) for value in values] == [1] * 5
    assert read_item_activity(None, names) is None
    assert read_item_activity(-1, names) is None
    for wrong, text in (("fly", "got fly"), (2, "from 0 to 1, got 2"), (torch.eye(2)[0], "argmax"), (0.5, "got 0.5")):
        with pytest.raises(DataError, match=text):
            read_item_activity(wrong, names)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ((PLANES, LABELS), ItemKeys(0, 1)),
        ((PLANES, 2), ItemKeys(0, None, 1)),
        ((PLANES, 2, LABELS, "a.png"), ItemKeys(0, 2, 1)),
        ({"image": PLANES, "mask": LABELS, "phase": 1}, ItemKeys("image", "mask", "phase")),
        ({"pixel_values": PLANES, "labels": LABELS}, ItemKeys("pixel_values", "labels")),
        ({"img": PLANES, "label": torch.tensor(3)}, ItemKeys("img", None, "label")),
        ({"image": PLANES, "label": LABELS.tolist(), "id": "a"}, ItemKeys("image", "label")),
    ],
)
def test_find_keys_recognises_usual_items(item: Any, expected: ItemKeys) -> None:
    assert find_keys(item, None, None, None) == expected


def test_find_keys_follows_its_caller() -> None:
    item = {"rgb": PLANES, "first": LABELS, "second": LABELS}
    assert find_keys(item, "rgb", "second", None) == ItemKeys("rgb", "second")
    assert find_keys((LABELS, PLANES, 3, 4), 1, 0, 3) == ItemKeys(1, 0, 3)


@pytest.mark.parametrize(
    ("item", "keys", "text"),
    [
        (PLANES, {}, r"Expected items to be tuples .*, got Tensor \(3, 8, 10\) of uint8"),
        ((PLANES,), {}, "Expected a mask or an activity in every item"),
        ({"rgb": PLANES, "mask": LABELS}, {}, "name its key, as in image='rgb'"),
        ((PLANES, LABELS, LABELS), {}, "Expected one mask in every item, .*: give its position, as in mask=1"),
        ((PLANES, LABELS, 1, 2), {}, "Expected one activity .* activity=2"),
        ((PLANES, LABELS), {"mask": 5}, "Expected mask=5 in every item"),
        ({"image": PLANES, "mask": LABELS}, {"mask": "labels"}, "Expected mask='labels' in every item"),
    ],
)
def test_find_keys_refuses_what_is_ambiguous(item: Any, keys: dict[str, Any], text: str) -> None:
    with pytest.raises(DataError, match=text):
        find_keys(item, keys.get("image"), keys.get("mask"), keys.get("activity"))
