"""What a training applies against corruptions, and what its checkpoint records."""

from __future__ import annotations

import json

import pytest

from robustbench_endo.errors import TrainingError, UnknownNameError
from robustbench_endo.training import TrainConfig, train
from robustbench_endo.training.augmentation import inherited_corruptions, plan_hardening

QUICK = {"epochs": 1, "batch_size": 4, "augment": "none"}
NOISE = ("gaussian_noise", "impulse_noise", "shot_noise", "speckle_noise")


def hardened(**options):
    return TrainConfig(**QUICK, harden="corruptions", **options)


def training_of(folder):
    return json.loads((folder / "model.json").read_text())["training"]


def test_plan_trains_on_all_that_is_not_held_out():
    plan = plan_hardening(hardened(hold_out="smoke,noise"))
    assert plan.held_out == ("gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise", "smoke")
    assert len(plan.trained_on) == 14
    assert not set(plan.trained_on) & set(plan.held_out)
    assert set(plan.corrupt.names) == set(plan.trained_on)


@pytest.mark.parametrize("harden", [None, "augmix", "pixmix"])
def test_plan_without_corruptions_trains_on_none(harden):
    plan = plan_hardening(TrainConfig(**QUICK, harden=harden, hold_out="all"))
    assert plan.trained_on == ()
    assert plan.corrupt is None
    assert len(plan.held_out) == 19


@pytest.mark.parametrize(
    ("options", "before", "conflict"),
    [
        ({"corruptions": "occlusion", "hold_out": "smoke"}, (), "smoke"),
        ({"corruptions": "noise", "hold_out": ("shot_noise", "blur")}, (), "shot_noise"),
        ({"corruptions": "noise", "hold_out": "blur"}, ("motion_blur",), "motion_blur"),
    ],
)
def test_plan_rejects_held_out_corruptions_that_are_trained_on(options, before, conflict):
    with pytest.raises(TrainingError, match=f"hold out corruptions that are not trained on, got {conflict} in both"):
        plan_hardening(hardened(**options), before=before)


def test_plan_rejects_a_pipeline_that_resembles_a_held_out_corruption(tmp_path):
    (tmp_path / "my.toml").write_text('[[transform]]\nname = "GaussNoise"\np = 0.5\n')
    config = TrainConfig(augment=str(tmp_path / "my.toml"), harden="pixmix", hold_out="noise")
    with pytest.raises(TrainingError, match="got gaussian_noise in both"):
        plan_hardening(config)


def test_plan_rejects_unknown_names_and_nothing_to_train_on():
    with pytest.raises(UnknownNameError, match="corruption, got 'smok': did you mean smoke"):
        plan_hardening(hardened(hold_out="smok"))
    with pytest.raises(TrainingError, match="a corruption to train on, got all of them held out"):
        plan_hardening(hardened(hold_out="all"))
    with pytest.raises(TrainingError, match="only with harden='corruptions', got 'pixmix'"):
        TrainConfig(harden="pixmix", corruptions="noise")


def test_train_passes_on_what_the_initial_weights_were_trained_on(tmp_path, squares, spec):
    train(spec, squares(4), config=hardened(corruptions="noise", hold_out="smoke"), out=tmp_path / "noisy")
    assert training_of(tmp_path / "noisy")["trained_on"] == [*NOISE]
    assert training_of(tmp_path / "noisy")["held_out"] == ["smoke"]
    config = TrainConfig(**QUICK, harden="augmix")
    train(spec, squares(4), config=config, out=tmp_path / "next", init_weights=tmp_path / "noisy")
    assert training_of(tmp_path / "next")["trained_on"] == [*NOISE]
    config = TrainConfig(**QUICK, harden="augmix", hold_out="shot_noise")
    with pytest.raises(TrainingError, match="got shot_noise in both"):
        train(spec, squares(4), config=config, out=tmp_path / "third", init_weights=tmp_path / "noisy")


def test_inherited_corruptions_of_no_or_another_file_are_none(tmp_path):
    assert inherited_corruptions(None) == inherited_corruptions("pretrained") == inherited_corruptions(tmp_path) == ()
    (tmp_path / "model.json").write_text("[]")
    assert inherited_corruptions(tmp_path) == ()


@pytest.mark.parametrize("harden", ["augmix", "pixmix"])
def test_train_with_mixing_gives_other_and_reproducible_weights(tmp_path, squares, spec, weights, harden):
    for name, method in (("plain", None), ("one", harden), ("two", harden)):
        train(spec, squares(4), config=TrainConfig(**QUICK, harden=method), out=tmp_path / name)
    plain, one, two = (weights(tmp_path / name) for name in ("plain", "one", "two"))
    assert all(one[name].equal(two[name]) for name in one)
    assert not all(one[name].equal(plain[name]) for name in one)
    assert training_of(tmp_path / "one")["trained_on"] == []
