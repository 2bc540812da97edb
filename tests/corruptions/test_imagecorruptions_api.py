"""The interface of imagecorruptions: names, arguments, pixels and errors."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from robustbench_endo.corruptions import functional
from robustbench_endo.corruptions.imagecorruptions_api import corrupt, get_corruption_names
from robustbench_endo.errors import RobustEndoError

IMAGE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


def test_get_corruption_names_are_those_of_the_package() -> None:
    package = pytest.importorskip("imagecorruptions")
    for subset in ("common", "validation", "all", "noise", "blur", "weather", "digital"):
        assert get_corruption_names(subset) == [
            name for name in package.get_corruption_names(subset) if name not in ("snow", "frost", "fog")
        ]
    for number, name in enumerate(package.get_corruption_names("all")):
        if name in get_corruption_names("all"):
            numbered = corrupt(IMAGE, 2, corruption_number=number)
            assert np.array_equal(numbered, corrupt(IMAGE, 2, name))


def test_corrupt_has_the_arguments_of_the_package() -> None:
    package = pytest.importorskip("imagecorruptions")
    theirs = [item for item in inspect.signature(package.corrupt).parameters.values() if item.name != "kwargs"]
    ours = list(inspect.signature(corrupt).parameters.values())[: len(theirs)]
    assert [(item.name, item.default) for item in ours] == [(item.name, item.default) for item in theirs]


@pytest.mark.parametrize("name", ["brightness", "contrast", "pixelate", "jpeg_compression"])
def test_corrupt_gives_the_pixels_of_the_package_without_randomness(name: str) -> None:
    package = pytest.importorskip("imagecorruptions")
    for severity in (1, 5):
        difference = corrupt(IMAGE, severity, name).astype(int) - package.corrupt(IMAGE, severity, name)
        assert np.abs(difference).max() <= 2


def test_corrupt_returns_three_channels_for_grey_images() -> None:
    grey = IMAGE[..., 0]
    corrupted = corrupt(grey, 3, "shot_noise")
    assert (corrupted.shape, corrupted.dtype) == ((48, 64, 3), np.uint8)
    assert np.array_equal(corrupted, corrupt(grey[..., None], 3, "shot_noise"))


def test_corrupt_depends_on_image_id_and_seed_not_on_numpy() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = corrupt(IMAGE, 3, "gaussian_noise")
    assert np.array_equal(first, corrupt(IMAGE, 3, "gaussian_noise"))
    assert not np.array_equal(first, corrupt(IMAGE, 3, "gaussian_noise", seed=1))
    named = corrupt(IMAGE, 3, "gaussian_noise", image_id="a", suite="endo19")
    assert np.array_equal(named, functional.corrupt(IMAGE, "gaussian_noise", 3, "a"))
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_corrupt_accepts_surgical_corruptions() -> None:
    assert not np.array_equal(corrupt(IMAGE, 3, "smoke"), IMAGE)


BAD_INPUT = [
    ({"image": IMAGE / 255}, "got float64"),
    ({"image": IMAGE[..., :2]}, r"got uint8 \(48, 64, 2\)"),
    ({"image": "a.png"}, "got str"),
    ({"severity": 0, "corruption_name": "contrast"}, "from 1 to 5, got 0"),
    ({}, "corruption_name or a corruption_number from 0 to 18, got -1"),
    ({"corruption_number": 7}, "inside a patient, got 'snow'"),
    ({"corruption_name": "fog"}, "inside a patient, got 'fog'"),
    ({"corruption_name": "contrats"}, "did you mean contrast"),
]


@pytest.mark.parametrize(("arguments", "text"), BAD_INPUT)
def test_corrupt_rejects_bad_input(arguments: dict[str, object], text: str) -> None:
    with pytest.raises(RobustEndoError, match=text):
        corrupt(**{"image": IMAGE, **arguments})  # type: ignore[arg-type]


def test_get_corruption_names_rejects_an_unknown_subset() -> None:
    with pytest.raises(RobustEndoError, match="'noises': did you mean noise"):
        get_corruption_names("noises")
