"""What a script written for imagecorruptions calls."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from robustbench_endo.corruptions import corrupt as ours
from robustbench_endo.corruptions.imagecorruptions_api import corrupt, get_corruption_names
from robustbench_endo.errors import RobustEndoError

PICTURE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


def test_names_and_numbers_are_the_package_s() -> None:
    package = pytest.importorskip("imagecorruptions")
    for subset in ("common", "validation", "all", "noise", "blur", "weather", "digital"):
        assert get_corruption_names(subset) == [
            name for name in package.get_corruption_names(subset) if name not in ("snow", "frost", "fog")
        ]
    for number, name in enumerate(package.get_corruption_names("all")):
        if name in get_corruption_names("all"):
            numbered = corrupt(PICTURE, 2, corruption_number=number)
            assert np.array_equal(numbered, corrupt(PICTURE, 2, name))


def test_arguments_come_in_the_package_s_order() -> None:
    package = pytest.importorskip("imagecorruptions")
    theirs = [item for item in inspect.signature(package.corrupt).parameters.values() if item.name != "kwargs"]
    mine = list(inspect.signature(corrupt).parameters.values())[: len(theirs)]
    assert [(item.name, item.default) for item in mine] == [(item.name, item.default) for item in theirs]


@pytest.mark.parametrize("name", ["brightness", "contrast", "pixelate", "jpeg_compression"])
def test_pixels_are_the_package_s_where_nothing_is_random(name: str) -> None:
    package = pytest.importorskip("imagecorruptions")
    for severity in (1, 5):
        difference = corrupt(PICTURE, severity, name).astype(int) - package.corrupt(PICTURE, severity, name)
        assert np.abs(difference).max() <= 2


def test_grey_pictures_come_back_in_three_channels() -> None:
    grey = PICTURE[..., 0]
    damaged = corrupt(grey, 3, "shot_noise")
    assert (damaged.shape, damaged.dtype) == ((48, 64, 3), np.uint8)
    assert np.array_equal(damaged, corrupt(grey[..., None], 3, "shot_noise"))


def test_noise_is_keyed_by_content_id_and_seed_and_leaves_numpy_alone() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = corrupt(PICTURE, 3, "gaussian_noise")
    assert np.array_equal(first, corrupt(PICTURE, 3, "gaussian_noise"))
    assert not np.array_equal(first, corrupt(PICTURE, 3, "gaussian_noise", seed=1))
    named = corrupt(PICTURE, 3, "gaussian_noise", image_id="a", suite="endo19")
    assert np.array_equal(named, ours(PICTURE, "gaussian_noise", 3, "a"))
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_surgical_corruptions_are_there_too() -> None:
    assert not np.array_equal(corrupt(PICTURE, 3, "smoke"), PICTURE)


WRONG = [
    ({"image": PICTURE / 255}, "got float64"),
    ({"image": PICTURE[..., :2]}, r"got uint8 \(48, 64, 2\)"),
    ({"image": "a.png"}, "got str"),
    ({"severity": 0, "corruption_name": "contrast"}, "from 1 to 5, got 0"),
    ({}, "corruption_name or a corruption_number from 0 to 18, got -1"),
    ({"corruption_number": 7}, "inside a patient, got 'snow'"),
    ({"corruption_name": "fog"}, "inside a patient, got 'fog'"),
    ({"corruption_name": "contrats"}, "did you mean contrast"),
]


@pytest.mark.parametrize(("arguments", "text"), WRONG)
def test_bad_input_is_one_sentence(arguments: dict[str, object], text: str) -> None:
    with pytest.raises(RobustEndoError, match=text):
        corrupt(**{"image": PICTURE, **arguments})  # type: ignore[arg-type]


def test_an_unknown_subset() -> None:
    with pytest.raises(RobustEndoError, match="'noises': did you mean noise"):
        get_corruption_names("noises")
