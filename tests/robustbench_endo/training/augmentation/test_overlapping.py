from __future__ import annotations

import inspect

import pytest

from robustbench_endo.api import list_corruptions
from robustbench_endo.training.augmentation import PIPELINES, overlaps
from robustbench_endo.training.augmentation.augmentation import OVERLAPPING, OVERLAPPING_PARAMETERS


@pytest.mark.parametrize("name", PIPELINES)
def test_shipped_pipelines_train_for_nothing_that_is_evaluated(name):
    assert overlaps(name) == ()


def test_every_name_is_an_evaluated_corruption():
    named = {*OVERLAPPING.values(), *(names for table in OVERLAPPING_PARAMETERS.values() for names in table.values())}
    assert {name for names in named for name in names} <= set(list_corruptions())


def test_every_transform_and_parameter_is_one_of_albumentations():
    library = pytest.importorskip("albumentations")
    for name in {*OVERLAPPING, *OVERLAPPING_PARAMETERS}:
        parameters = inspect.signature(getattr(library, name)).parameters
        assert set(OVERLAPPING_PARAMETERS.get(name, ())) <= set(parameters), name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('name = "GaussNoise"\np = 0.5', ("gaussian_noise",)),
        ('name = "GaussNoise"\np = 0', ()),
        ('name = "ColorJitter"\np = 1', ("brightness", "contrast", "saturate")),
        ('name = "ColorJitter"\np = 1\nbrightness = 0\ncontrast = [1, 1]', ("saturate",)),
        ('name = "HueSaturationValue"\np = 1\nsat_shift_limit = 0\nval_shift_limit = [0, 0]', ()),
        ('name = "HueSaturationValue"\np = 1\nsat_shift_limit = 0', ("brightness",)),
        ('name = "Affine"\np = 1', ()),
    ],
)
def test_parameters_count(tmp_path, text, expected):
    (tmp_path / "my.toml").write_text(f"[[transform]]\n{text}\n")
    assert overlaps(str(tmp_path / "my.toml")) == expected
