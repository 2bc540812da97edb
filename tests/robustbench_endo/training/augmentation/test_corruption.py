"""Corruptions in training: as augmentation, and overlap of pipelines with evaluated ones."""

from __future__ import annotations

import inspect

import pytest
import torch

from robustbench_endo.corruptions import list_corruptions
from robustbench_endo.errors import CorruptionError, UnknownNameError
from robustbench_endo.training.augmentation import PIPELINES, CorruptionAugmentation, overlaps, read_pipeline
from robustbench_endo.training.augmentation.corruption import OVERLAPPING, OVERLAPPING_PARAMETERS


@pytest.mark.parametrize("name", PIPELINES)
def test_overlaps_of_shipped_pipelines_are_empty(name):
    assert overlaps(name) == ()


def test_overlap_tables_have_names_of_corruptions():
    named = {*OVERLAPPING.values(), *(names for table in OVERLAPPING_PARAMETERS.values() for names in table.values())}
    assert {name for names in named for name in names} <= set(list_corruptions())


def test_overlap_tables_have_names_of_albumentations():
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
def test_overlaps_depend_on_parameters(tmp_path, text, expected):
    (tmp_path / "my.toml").write_text(f"[[transform]]\n{text}\n")
    assert overlaps(str(tmp_path / "my.toml")) == expected
    assert overlaps(read_pipeline(str(tmp_path / "my.toml"))) == expected


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    masks = torch.randint(0, 3, (6, 32, 40), generator=generator)
    return torch.rand(6, 3, 32, 40, generator=generator), masks, [f"{i}.png" for i in range(6)]


def test_corruption_augmentation_is_a_pure_function_of_epoch_and_ids(batch):
    corrupt = CorruptionAugmentation("noise", p=1.0, seed=2)
    assert set(corrupt.names) <= set(list_corruptions())
    first, again, later = corrupt(*batch, 0), corrupt(*batch, 0), corrupt(*batch, 1)
    assert torch.equal(first[0], again[0])
    assert not torch.equal(first[0], later[0])
    assert torch.equal(first[1], batch[1])


def test_corruption_augmentation_follows_its_probability(batch):
    def count_changed(p):
        augmentation = CorruptionAugmentation("noise", p=p)
        return sum((augmentation(*batch, epoch)[0] != batch[0]).flatten(1).any(1).sum() for epoch in range(4))

    assert count_changed(0) == 0
    assert 4 < count_changed(0.5) < 20  # of 24


def test_corruption_augmentation_names_nothing_where_no_frame_is_corrupted():
    assert CorruptionAugmentation("noise", p=0).names == ()


def test_corruption_augmentation_moves_masks_with_the_image(batch):
    corrupt = CorruptionAugmentation(["elastic_transform"], p=1.0, severities=[5])
    assert corrupt.names == ("elastic_transform",)
    assert not torch.equal(corrupt(*batch, 0)[1], batch[1])


def test_corruption_augmentation_rejects_names_and_probabilities():
    with pytest.raises((CorruptionError, UnknownNameError), match="smoke"):
        CorruptionAugmentation("smok")
    with pytest.raises(CorruptionError, match="a probability"):
        CorruptionAugmentation("smoke", p=2.0)
