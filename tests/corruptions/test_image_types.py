"""``corrupt`` on every class and layout of images: the same pixels, the same class, and clear refusals."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import tv_tensors

from robustbench_endo.corruptions import corrupt
from robustbench_endo.corruptions.image_types import read_images
from robustbench_endo.errors import RobustEndoError

LEVELS = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)
FLOATS = LEVELS.astype(np.float32) / 255

FORMS: dict[str, Any] = {
    "array (3, H, W)": LEVELS.transpose(2, 0, 1),
    "array (B, H, W, 3)": LEVELS[None],
    "array (B, 3, H, W)": LEVELS.transpose(2, 0, 1)[None],
    "tensor (3, H, W)": torch.from_numpy(LEVELS).permute(2, 0, 1),
    "tensor (H, W, 3)": torch.from_numpy(LEVELS),
    "tensor (B, H, W, 3)": torch.from_numpy(LEVELS)[None],
    "tensor (B, 3, H, W)": torch.from_numpy(LEVELS).permute(2, 0, 1)[None],
    "PIL": Image.fromarray(LEVELS),
    "tv_tensors.Image": tv_tensors.Image(torch.from_numpy(LEVELS).permute(2, 0, 1)),
}


def as_frame(image: Any) -> Any:
    """One image as an array (H, W, 3)."""
    array = np.asarray(image)
    array = array[0] if array.ndim == 4 else array
    return array.transpose(1, 2, 0) if array.shape[0] == 3 else array


@pytest.mark.parametrize("name", ["gaussian_noise", "elastic_transform"])
@pytest.mark.parametrize("form", FORMS)
def test_corrupt_gives_the_same_pixels_for_every_form(form: str, name: str) -> None:
    image = FORMS[form]
    before = np.asarray(image).copy()
    corrupted = corrupt(image, name, 3, ["a.png"])
    assert type(corrupted) is type(image)
    assert np.asarray(corrupted).shape == np.asarray(image).shape
    assert np.asarray(corrupted).dtype == np.uint8
    assert np.array_equal(as_frame(corrupted), corrupt(LEVELS, name, 3, "a.png"))
    assert np.array_equal(np.asarray(image), before)


@pytest.mark.parametrize("form", [form for form in FORMS if form != "PIL"])
def test_corrupt_gives_the_same_values_for_every_floating_form(form: str) -> None:
    kind = type(FORMS[form])
    image = FORMS[form] / np.float32(255) if kind is np.ndarray else (FORMS[form].float() / 255).as_subclass(kind)
    corrupted = corrupt(image, "contrast", 3, ["a.png"])
    expected = corrupt(FLOATS, "contrast", 3, "a.png")
    assert type(corrupted) is kind
    assert np.asarray(corrupted).dtype == np.float32
    assert np.array_equal(as_frame(corrupted), expected)
    assert np.array_equal((expected * 255).round().astype(np.uint8), corrupt(LEVELS, "contrast", 3, "a.png"))


@pytest.mark.parametrize("dtype", [np.float64, np.float16])
def test_corrupt_returns_the_floating_type_that_it_gets(dtype: Any) -> None:
    corrupted = corrupt(FLOATS.astype(dtype), "contrast", 3)
    assert corrupted.dtype == dtype
    assert np.abs(corrupted - corrupt(FLOATS, "contrast", 3)).max() < 2e-3
    tensor = torch.from_numpy(FLOATS).permute(2, 0, 1).to(torch.float16)
    assert corrupt(tensor, "contrast", 3).dtype == torch.float16


def test_corrupt_accepts_numbers_of_numpy() -> None:
    assert np.array_equal(corrupt(LEVELS, "contrast", np.int64(3), seed=np.int32(0)), corrupt(LEVELS, "contrast", 3))
    assert np.array_equal(corrupt(LEVELS, "contrast", np.float32(2.5)), corrupt(LEVELS, "contrast", 2.5))


def test_read_images_does_not_copy_frames() -> None:
    assert np.shares_memory(read_images(LEVELS).pixels, LEVELS)


REFUSED: list[tuple[Any, str]] = [
    (LEVELS[..., 0], r"got an array of shape \(40, 48\): stack a grey image three times, np.stack"),
    (torch.zeros(1, 40, 48), r"got a tensor of shape \(1, 40, 48\): stack a grey image .* torch.stack"),
    (np.zeros((40, 48, 4), np.uint8), r"drop an alpha channel, image\[..., :3\]"),
    (np.zeros((2, 5, 40, 48, 3), np.uint8), "corrupt the frames of a video one by one"),
    (np.zeros((7, 40, 48), np.uint8), r"got an array of shape \(7, 40, 48\): pass a PIL image"),
    (np.zeros((3, 480, 3), np.uint8), r"got the shape \(3, 480, 3\), which has 3 at both ends"),
    (torch.zeros(2, 3, 480, 3), "which has 3 at both ends"),
    (FLOATS * 255, "got values from 0 to 255: divide them by 255, or convert them to uint8"),
    (torch.from_numpy(FLOATS) * 60000, "divide them by their white level"),
    (FLOATS - 0.5, "before they are normalised by mean and standard deviation"),
    (FLOATS * np.float32("nan"), "got nan to nan"),
    (LEVELS.astype(np.int64), r"Expected uint8 images, or floating ones in \[0, 1\], got int64"),
    (torch.zeros(3, 40, 48, dtype=torch.bool), "got bool"),
    (Image.fromarray(LEVELS).convert("L"), r"mode 'L': give image.convert\('RGB'\)"),
    (Image.fromarray(LEVELS).convert("RGBA"), "mode 'RGBA'"),
    ("frame.png", r"got str: open a file by PIL.Image.open\(path\)"),
    (Path("frame.png"), "open a file by PIL.Image.open"),
    ([LEVELS, LEVELS], r"got list: stack images of one size, np.stack\(images\)"),
    (None, "got NoneType: pass a PIL image"),
    (SimpleNamespace(shape=(40, 48, 3)), "got SimpleNamespace"),
    (np.zeros((20, 20, 3), np.uint8), "at least 32 x 32 pixels, got 20 x 20"),
]


@pytest.mark.parametrize(("images", "text"), REFUSED)
def test_corrupt_refuses_other_images_with_the_fix(images: Any, text: str) -> None:
    with pytest.raises(RobustEndoError, match=text) as caught:
        corrupt(images, "contrast", 1)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((3, "contrast"), r"Expected the name of a corruption, got 3: write corrupt\(image, 'smoke', 3\)"),
        (("contrast", "three"), "Expected severity to be a number from 0 to 5, got 'three'"),
        (("contrast", True), "Expected severity to be a number from 0 to 5, got True"),
        (("contrast", 6), "expected a severity from 1 to 5, or 0 for the clean image, got 6"),
        (("contrast", 3, 7), "Expected ids to be texts, got 7"),
        (("contrast", 3, ["a", "b"]), "Expected one id for each of the 1 images, got 2 ids"),
        (("contrast", 3, None, "x"), "Expected seed to be a whole number, got 'x'"),
    ],
)
def test_corrupt_names_the_wrong_argument(arguments: Any, text: str) -> None:
    with pytest.raises(RobustEndoError, match=text):
        corrupt(LEVELS, *arguments)
