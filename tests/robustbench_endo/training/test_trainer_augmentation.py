"""Trainings with corruptions as augmentation: what runs is what the checkpoint records."""

from __future__ import annotations

import json

import pytest
import torch

from robustbench_endo.errors import TrainingError
from robustbench_endo.training import TrainConfig, train

QUICK = {"epochs": 2, "batch_size": 4, "augment": "none"}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


class Darken:
    """A corruption of one's own."""

    names = ("brightness",)

    def __init__(self):
        self.epochs = []

    def __call__(self, images, masks, ids, epoch):
        self.epochs.append(epoch)
        return images * 0.5, masks


def card(folder):
    return json.loads((folder / "model.json").read_text())["training"]


def test_train_applies_and_records_a_corruption_augmentation(tmp_path, squares, spec):
    darken = Darken()
    train(spec, squares(4), config=TrainConfig(**QUICK), out=tmp_path, corrupt=darken)
    assert darken.epochs == [0, 1]
    assert card(tmp_path)["trained_on"] == ["brightness"]
    assert card(tmp_path)["settings"]["corruptions"] == ["brightness"]


def test_train_with_corruptions_in_the_settings_trains_on_them(tmp_path, squares, spec, weights):
    noisy = TrainConfig(**QUICK, harden="corruptions", corruptions="noise", corruption_prob=1.0)
    for config, name in ((TrainConfig(**QUICK), "plain"), (noisy, "noisy")):
        train(spec, squares(8), config=config, out=tmp_path / name)
    assert card(tmp_path / "plain")["trained_on"] == []
    assert card(tmp_path / "noisy")["trained_on"] == [
        *("gaussian_noise", "impulse_noise", "shot_noise", "speckle_noise"),
    ]
    assert not same(weights(tmp_path / "plain"), weights(tmp_path / "noisy"))


def test_train_records_what_an_augmentation_resembles(tmp_path, squares, spec):
    pytest.importorskip("albumentations")
    (tmp_path / "my.toml").write_text('[[transform]]\nname = "GaussNoise"\np = 0.5\n')
    config = TrainConfig(**{**QUICK, "augment": str(tmp_path / "my.toml")})
    train(spec, squares(4), config=config, out=tmp_path)
    assert card(tmp_path)["trained_on"] == ["gaussian_noise"]


def test_train_rejects_an_augmentation_that_contradicts_the_settings(tmp_path, squares, spec):
    config = TrainConfig(**QUICK, harden="corruptions", corruptions=("smoke", "bleeding"))
    with pytest.raises(TrainingError, match=r"augmentation applies \(brightness\) .*, got smoke, bleeding: leave"):
        train(spec, squares(4), config=config, out=tmp_path, corrupt=Darken())
    with pytest.raises(TrainingError, match="the attribute `names`, the corruptions that it applies, got one without"):
        train(spec, squares(4), config=config, out=tmp_path, corrupt=lambda *batch: batch[:2])
    with pytest.raises(TrainingError, match="corruption_prob above 0 to train on smoke, got 0"):
        TrainConfig(harden="corruptions", corruptions="smoke", corruption_prob=0)
