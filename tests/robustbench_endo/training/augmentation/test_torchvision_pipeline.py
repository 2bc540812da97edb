"""Pipelines on torchvision against those on albumentations: maps, colours, distributions, and when they take over."""

from __future__ import annotations

import builtins
import logging
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp

from robustbench_endo.errors import OptionalDependencyError, TrainingError
from robustbench_endo.training import TrainConfig
from robustbench_endo.training.augmentation import augmentation, plan_hardening
from robustbench_endo.training.augmentation.augmentation import Entry, Pipeline
from robustbench_endo.training.augmentation.torchvision_pipeline import (
    affine_matrix,
    light_factors,
    torchvision_augmentation,
)

pytest.importorskip("torchvision")

ROWS, COLUMNS = np.indices((48, 64))
IMAGE = np.stack([2 * COLUMNS + 60, 3 * ROWS + 40, 30 + ROWS + COLUMNS], -1).astype(np.uint8)
MASK = (ROWS // 12 + 4 * (COLUMNS // 16)).astype(np.uint8)


def one_step(name, library="torchvision", **parameters):
    return augmentation(Pipeline("test", "test.toml", (Entry(name, 1.0, parameters),), None, library))


def without_albumentations(monkeypatch, error):
    real = builtins.__import__

    def without(name, *arguments, **options):
        if name == "albumentations":
            raise error
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)


def test_affine_matrix_is_that_of_albumentations():
    library = pytest.importorskip("albumentations.augmentations.geometric.functional")
    rng = np.random.default_rng(0)
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # their coordinates begin at the centre of a pixel
    for _ in range(5):
        scale, shear, rotate = rng.uniform(0.7, 1.5, 2), rng.uniform(-8, 8, 2), rng.uniform(-45, 45)
        theirs = library.create_affine_transformation_matrix(
            {"x": 3, "y": -2},
            dict(zip("xy", -shear, strict=True)),
            dict(zip("xy", scale, strict=True)),
            rotate,
            (31.5, 23.5),
        )
        ours = affine_matrix((48, 64), scale, np.array([3.4 / 64, -2.4 / 48]), rotate, shear)
        assert np.allclose(ours, half @ theirs @ np.linalg.inv(half))


def test_light_factors_are_those_of_albumentations():
    table = pytest.importorskip("albumentations.augmentations.pixel.functional").PLANCKIAN_COEFFS["blackbody"]
    for temperature in range(4000, 10001, 500):
        red, green, blue = table[temperature]
        assert light_factors(temperature) == pytest.approx((red / green, 1, blue / green), rel=3e-3)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("HorizontalFlip", {}),
        ("VerticalFlip", {}),
        (
            "Affine",
            {
                "scale": (1.2, 1.2),
                "translate_percent": (0.1, 0.1),
                "rotate": (20, 20),
                "shear": (5, 5),
                "fill_mask": 255,
            },
        ),
        ("Affine", {"scale": (0.7, 0.7), "translate_percent": (0, 0), "rotate": (-45, -45), "fill_mask": 255}),
    ],
)
def test_torchvision_transform_moves_as_albumentations(name, parameters):
    pytest.importorskip("albumentations")
    image, mask = one_step(name, **parameters)(IMAGE, MASK, 0)
    expected, labels = one_step(name, "albumentations", **parameters)(IMAGE, MASK, 0)
    assert (mask == labels).mean() > 0.98
    assert np.abs(image.astype(int) - expected)[mask == labels].mean() < 1.0


def test_surgical_v2_has_the_distribution_of_surgical():
    """Statistics of 250 augmented frames of each; the seeds are fixed, so the outcome is, too."""
    pytest.importorskip("albumentations")
    samples = {}
    for name in ("surgical", "surgical-v2"):
        augment = augmentation(name)
        rows = []
        for seed in range(250):
            image, mask = augment(IMAGE, MASK, seed)
            inside = image[mask != 255].reshape(-1, 3) if (mask != 255).any() else np.zeros((1, 3))
            rows.append([*inside.mean(0), *inside.std(0), (mask == 255).mean(), mask[24, 32], image[24, 20, 0]])
        samples[name] = np.array(rows)
    theirs, ours = samples.values()
    for column in range(theirs.shape[1]):
        assert ks_2samp(theirs[:, column], ours[:, column]).pvalue > 0.01, column
    spread = theirs.std(0)
    assert (np.abs(ours.mean(0) - theirs.mean(0)) < 0.25 * spread).all()
    assert ours.std(0) == pytest.approx(spread, rel=0.25)


@pytest.mark.parametrize(
    ("name", "parameters", "measure"),
    [
        ("PlanckianJitter", {"mode": "blackbody", "temperature_limit": (4500, 9000)}, (0, 2)),
        ("HueSaturationValue", {"hue_shift_limit": 6, "sat_shift_limit": 0, "val_shift_limit": 0}, (0, 1)),
    ],
)
def test_colour_transforms_have_the_distribution_of_albumentations(name, parameters, measure):
    pytest.importorskip("albumentations")
    flat = np.empty((8, 8, 3), np.uint8)
    flat[:] = (160, 90, 80)
    values = {}
    for library in ("albumentations", "torchvision"):
        augment = one_step(name, library, **parameters)
        values[library] = np.array([augment(flat, flat[..., 0], seed)[0][0, 0, list(measure)] for seed in range(300)])
    for theirs, ours in zip(values["albumentations"].T, values["torchvision"].T, strict=True):
        assert (
            np.abs(
                np.quantile(theirs, (0.05, 0.25, 0.5, 0.75, 0.95)) - np.quantile(ours, (0.05, 0.25, 0.5, 0.75, 0.95))
            ).max()
            <= 4
        )
        assert ours.std() == pytest.approx(theirs.std(), rel=0.15)


def test_surgical_v2_does_not_depend_on_threads_or_torch():
    augment = augmentation("surgical-v2")
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    serial = [augment(IMAGE, MASK, seed) for seed in range(8)]
    assert torch.equal(before, torch.random.get_rng_state())
    with ThreadPoolExecutor(4) as pool:
        parallel = list(pool.map(lambda seed: augmentation("surgical-v2")(IMAGE, MASK, seed), range(8)))
    for one, two in zip(serial, parallel, strict=True):
        assert all(np.array_equal(*pair) for pair in zip(one, two, strict=True))


@pytest.mark.parametrize(
    ("error", "reason"),
    [(ModuleNotFoundError("albumentations"), "it is not installed"), (AttributeError("np.Inf"), "its import fails")],
)
def test_torchvision_takes_over_where_albumentations_is_missing_or_breaks(monkeypatch, caplog, error, reason):
    without_albumentations(monkeypatch, error)
    with caplog.at_level(logging.WARNING):
        augment = augmentation("surgical")
    assert caplog.messages == [
        f"Augmentation surgical without albumentations ({reason}): surgical-v2 of torchvision takes over."
    ]
    assert np.array_equal(augment(IMAGE, MASK, 3)[0], augmentation("surgical-v2")(IMAGE, MASK, 3)[0])
    plan = plan_hardening(TrainConfig())
    assert plan.config.recorded_settings()["augment"] == "surgical-v2"
    assert plan.notes == tuple(caplog.messages)


def test_surgical_stays_on_albumentations_where_it_is_installed():
    pytest.importorskip("albumentations")
    plan = plan_hardening(TrainConfig())
    assert (plan.config.augment, plan.pipeline.library, plan.notes) == ("surgical", "albumentations", ())
    assert plan_hardening(TrainConfig(augment="light-v2")).pipeline.library == "torchvision"


def test_pipeline_of_a_file_needs_albumentations(monkeypatch, tmp_path):
    without_albumentations(monkeypatch, ModuleNotFoundError("albumentations"))
    (tmp_path / "my.toml").write_text('[[transform]]\nname = "HorizontalFlip"\np = 1')
    with pytest.raises(OptionalDependencyError, match="got it not installed: install .* or train with .*surgical-v2"):
        augmentation(str(tmp_path / "my.toml"))


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("GaussNoise", {}, "Expected transforms of HorizontalFlip, .* got 'GaussNoise': install"),
        ("Affine", {"scales": (1, 2)}, "Expected parameters of Affine .*'scales'"),
        ("PlanckianJitter", {"mode": "cied"}, "Expected parameters of PlanckianJitter .*mode='cied'"),
        (
            "HueSaturationValue",
            {"hue_shift_limit": 6, "sat_shift_limit": 9, "val_shift_limit": 0},
            "a shift of saturation",
        ),
    ],
)
def test_torchvision_augmentation_rejects_what_has_no_equivalent(name, parameters, message):
    pipeline = Pipeline("test", "test.toml", (Entry(name, 1.0, parameters),), None, "torchvision")
    with pytest.raises(TrainingError, match=message):
        torchvision_augmentation(pipeline)
