"""Pipelines as functions of image, mask and seed."""

from __future__ import annotations

import builtins

import numpy as np
import pytest

from robustbench_endo.errors import TrainingError, UnknownNameError
from robustbench_endo.training.augmentation import PIPELINES, augmentation
from robustbench_endo.training.augmentation.augmentation import _FOLDER, Entry, read_pipeline

RNG = np.random.default_rng(0)
IMAGE, MASK = RNG.integers(0, 256, (32, 40, 3), np.uint8), RNG.integers(0, 3, (32, 40), np.uint8)


@pytest.fixture
def pipeline(tmp_path):
    """A function that writes a pipeline file and loads it."""
    pytest.importorskip("albumentations")

    def load(text, **options):
        path = tmp_path / "my.toml"
        path.write_text(text)
        return augmentation(str(path), **options)

    return load


def without_albumentations(monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **options):
        if name == "albumentations":
            raise ImportError("no such module")
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)


def test_augmentation_none_needs_no_albumentations(monkeypatch):
    without_albumentations(monkeypatch)
    assert augmentation("none") is None
    with pytest.raises(UnknownNameError, match="augmentation, got 'surgicl': did you mean surgical"):
        augmentation("surgicl")


@pytest.mark.parametrize("name", sorted(set(PIPELINES) - {"none"}))
class TestShipped:
    def test_augmentation_is_a_pure_function(self, name):
        pytest.importorskip("torchvision" if name.endswith("-v2") else "albumentations")
        original = IMAGE.copy()
        first, again = augmentation(name), augmentation(name)
        results = []
        for seed in range(6):
            one = first(IMAGE, MASK, seed)
            first(IMAGE, MASK, 99)
            two = again(IMAGE, MASK, seed)
            assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
            results.append(one[0].tobytes())
        assert len(set(results)) > 3
        assert np.array_equal(IMAGE, original)

    def test_augmentation_moves_mask_with_image(self, name):
        pytest.importorskip("torchvision" if name.endswith("-v2") else "albumentations")
        image, mask = np.zeros((40, 40, 3), np.uint8), np.zeros((40, 40), np.uint8)
        image[8:20, 10:30], mask[8:20, 10:30] = 255, 1
        augment = augmentation(name)
        for seed in range(10):
            changed, labels = augment(image, mask, seed)
            known = labels != 255
            assert ((changed.max(axis=2) > 127) == (labels == 1))[known].mean() > 0.95


def test_augmentation_light_has_the_transforms_of_the_shipped_models():
    library = pytest.importorskip("albumentations")
    light = library.Compose(
        [
            library.HorizontalFlip(p=0.5),
            library.VerticalFlip(p=0.5),
            library.Affine(scale=(0.9, 1.2), rotate=(-20, 20), fill_mask=255, p=0.5),
            library.PlanckianJitter(mode="blackbody", temperature_limit=(5000, 8000), p=0.3),
        ]
    )
    augment = augmentation("light")
    for seed in range(12):
        light.set_random_seed(seed)
        expected = light(image=IMAGE, mask=MASK)
        image, mask = augment(IMAGE, MASK, seed)
        assert np.array_equal(image, expected["image"])
        assert np.array_equal(mask, expected["mask"])


def test_augmentation_of_a_file_is_applied(pipeline):
    image, mask = pipeline('[[transform]]\nname = "HorizontalFlip"\np = 1')(IMAGE, MASK, 0)
    assert np.array_equal(image, IMAGE[:, ::-1])
    assert np.array_equal(mask, MASK[:, ::-1])


def test_augmentation_with_p_zero_changes_nothing(pipeline):
    image, _ = pipeline('[[transform]]\nname = "InvertImg"\np = 0')(IMAGE, MASK, 0)
    assert np.array_equal(image, IMAGE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[transform]]\nname = "HorizontalFlp"\np = 1', "got 'HorizontalFlp': did you mean HorizontalFlip"),
        ('[[transform]]\nname = "GaussNoise"\np = 1\nstd_rang = [0, 1]', "'std_rang': did you mean std_range"),
        ('[[transform]]\nname = "Affine"\np = 1\nscale = "big"', "values that albumentations takes for Affine"),
        ('[[transform]]\nname = "RandomCrop"\np = 1\nheight = 8\nwidth = 8', "keep size and type of a frame"),
        ('[[transform]]\nname = "Normalize"\np = 1', "keep size and type of a frame"),
        ('[[transform]]\nname = "MaskDropout"\np = 1\nmax_objects = "x"', "MaskDropout"),
        ('[[transform]]\nname = "HorizontalFlip"', "Expected p from 0 to 1 for HorizontalFlip .* got None"),
        ('[[transform]]\nname = "HorizontalFlip"\np = 1.5', "Expected p from 0 to 1 .* got 1.5"),
        ("[[transform]]\np = 1", 'Expected name = "..." in each'),
        ('[transform]\nname = "HorizontalFlip"', "double the brackets"),
        ("[[transfrom]]\n", "got 'transfrom'"),
        ("name = ", "Cannot parse .* invalid TOML"),
        ("[mixing]\nchain = 2", "got 'chain'"),
    ],
)
def test_augmentation_rejects_file_in_one_sentence(pipeline, text, message):
    with pytest.raises(TrainingError, match=message) as error:
        pipeline(text)
    assert str(error.value).startswith(("Expected", "Cannot"))
    assert "\n" not in str(error.value)


def test_augmentation_uses_mixing_of_the_file(pipeline):
    text = "[mixing]\nstrength = 0.0\ndepth = [1, 1]"
    assert pipeline(text) is None
    image, mask = pipeline(text, mix="augmix")(IMAGE, MASK, 0)
    assert np.array_equal(image, IMAGE)
    assert np.array_equal(mask, MASK)


def test_read_pipeline_returns_entries_and_mixing(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text('[[transform]]\nname = "Affine"\np = 0.5\nscale = [0.9, 1.1]\n[mixing]\ndepth = [1, 2]\n')
    pipeline = read_pipeline(str(path))
    assert pipeline.entries == (Entry("Affine", 0.5, {"scale": (0.9, 1.1)}),)
    assert pipeline.mixing is not None
    assert pipeline.mixing.depth == (1, 2)
    assert pipeline.source == str(path)


def test_read_pipeline_rejects_unknown_name():
    with pytest.raises(UnknownNameError, match="augmentation, got 'surgicl': did you mean surgical"):
        read_pipeline("surgicl")


def test_read_pipeline_rejects_missing_file(tmp_path):
    with pytest.raises(TrainingError, match="Cannot read .*none.toml: No such file"):
        read_pipeline(str(tmp_path / "none.toml"))


def test_every_shipped_pipeline_is_package_data():
    assert {path.stem for path in _FOLDER.glob("*.toml")} == {"light", "none", "surgical"}
    assert PIPELINES == ("light", "none", "surgical", "light-v2", "surgical-v2")
