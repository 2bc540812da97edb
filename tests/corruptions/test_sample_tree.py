"""Reading of samples: which part is what, and the same structure afterwards."""

from __future__ import annotations

from collections import OrderedDict, UserDict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from robustbench_endo.corruptions.sample_tree import read_sample
from robustbench_endo.errors import CorruptionError

IMAGE, MASK = torch.rand(3, 8, 9), torch.zeros(8, 9, dtype=torch.int64)


class Pair(NamedTuple):
    mask: Tensor
    image: Tensor


@dataclass(frozen=True)
class Frame:
    image: Tensor
    size: int = field(init=False, default=3)


@pytest.mark.parametrize(
    ("sample", "roles"),
    [
        (IMAGE, ["image"]),
        ((IMAGE, MASK, 3), ["image", "mask", "other"]),
        (("name", 3, IMAGE, MASK / 2), ["other", "other", "image", "other"]),
        ({"mask": MASK / 2, "label": 3, "image": IMAGE}, ["mask", "other", "image"]),
        ({"label": torch.tensor(3), "image": IMAGE}, ["other", "image"]),
        ({"pixel_values": IMAGE, "labels": MASK}, ["image", "mask"]),
        (Pair(MASK, IMAGE), ["mask", "image"]),
        ([IMAGE, [{"deep": (MASK,)}], None], ["image", "mask", "other"]),
        (OrderedDict(a=IMAGE, b=MASK), ["image", "mask"]),
        ((IMAGE, MASK[:4]), ["image", "other"]),
        ((Image.new("RGB", (9, 8)), Image.new("P", (9, 8)), IMAGE), ["image", "mask", "other"]),
    ],
)
def test_read_sample_names_the_parts(sample: Any, roles: list[str]) -> None:
    parts = read_sample(sample)
    assert parts.roles == roles
    again = parts.rebuild(parts.parts)
    assert type(again) is type(sample)
    assert all(one is two for one, two in zip(read_sample(again).parts, parts.parts, strict=True))


def test_read_sample_follows_torchvision_on_plain_tensors() -> None:
    tv_tensors = pytest.importorskip("torchvision.tv_tensors")
    image, mask = tv_tensors.Image(IMAGE), tv_tensors.Mask(MASK)
    assert read_sample((IMAGE, image, mask)).roles == ["other", "image", "mask"]
    video = tv_tensors.Video(IMAGE[None])
    assert read_sample({"clip": video, "scores": torch.rand(3)}).roles == ["video", "other"]


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ({"image": IMAGE, "id": "a"}, "a"),
        ({"image": IMAGE, "image_id": 3}, 3),
        ((IMAGE, {"image_id": 3, "id": torch.arange(2)}), 3),
        ((IMAGE, MASK), None),
        (IMAGE, None),
    ],
)
def test_read_sample_finds_the_id(sample: Any, expected: Any) -> None:
    assert read_sample(sample).id == expected


def test_read_sample_rebuilds_other_mappings_and_dataclasses() -> None:
    assert read_sample(UserDict(image=IMAGE)).rebuild([1]) == {"image": 1}
    frame = read_sample(Frame(IMAGE)).rebuild([MASK])
    assert isinstance(frame, Frame)
    assert frame.image is MASK


def test_read_sample_reports_boxes_without_a_format() -> None:
    assert read_sample({"image": IMAGE, "keypoints": np.zeros((1, 2))}).unwrapped == "keypoints"
    assert read_sample({"image": IMAGE, "boxes": None}).unwrapped is None


def test_read_sample_without_an_image_says_what_there_is() -> None:
    with pytest.raises(CorruptionError, match="got ndarray: convert arrays by torchvision.transforms.v2.ToImage"):
        read_sample({"image": np.zeros((8, 9, 3))})
