"""Defaults, ranges and presets of the configuration."""

from __future__ import annotations

import pytest

from robustbench_endo.errors import TrainingError, UnknownNameError
from robustbench_endo.training.config import PRESETS, TrainConfig, parse_loggers, parse_task_weights, preset


@pytest.mark.parametrize(
    ("name", "value"),
    [("epochs", 0), ("batch_size", 0), ("learning_rate", -1.0), ("workers", 0), ("devices", 0), ("patience", -1)],
)
def test_config_rejects_setting_out_of_range(name, value):
    with pytest.raises(TrainingError, match=f"Expected {name} >"):
        TrainConfig(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("schedule", "cosin"), ("precision", "fp32"), ("class_weights", "sqr"), ("loggers", ("tensorbord",))],
)
def test_config_rejects_unknown_choices(name, value):
    with pytest.raises(UnknownNameError, match=f"Expected the name of a {name.removesuffix('s').replace('_', ' ')}"):
        TrainConfig(**{name: value})


def test_config_rejects_more_micro_batches_than_frames():
    with pytest.raises(TrainingError, match=r"grad_accum <= batch_size \(8\), got 9"):
        TrainConfig(grad_accum=9)


@pytest.mark.parametrize("fraction", [0.0, 1.0, 1.5])
def test_config_rejects_validation_fraction(fraction):
    with pytest.raises(TrainingError, match="a validation fraction between 0 and 1 or the name of a split"):
        TrainConfig(validation=fraction)


def test_parse_task_weights_takes_texts_and_mappings():
    assert parse_task_weights(("activity=0.5",)) == parse_task_weights({"activity": 0.5}) == {"activity": 0.5}
    with pytest.raises(TrainingError, match="TASK=NUMBER as a task weight, got 'x' for activity"):
        parse_task_weights(["activity=x"])
    with pytest.raises(UnknownNameError, match="did you mean activity"):
        parse_task_weights({"activty": 1})


def test_parse_loggers_none_is_empty():
    assert parse_loggers("none") == ()
    assert parse_loggers("tensorboard, wandb") == ("tensorboard", "wandb")


def test_preset_sets_the_published_settings():
    config = preset("mtlesd")
    assert (config.epochs, config.batch_size, config.weighting, config.learning_rate) == (200, 16, "db_mtl", 1e-4)
    assert {name: preset(name).learning_rate for name in PRESETS} == {"mtlesd": 1e-4, "mtlendovis": 1e-3}
    with pytest.raises(UnknownNameError, match="did you mean mtlesd"):
        preset("mtlesdd")


def test_recorded_settings_leave_out_sources_and_hardware():
    settings = TrainConfig(
        harden="corruptions", corruptions=("smoke",), task_weights={"activity": 1}
    ).recorded_settings()
    assert settings["corruptions"] == ["smoke"]
    assert settings["task_weights"] == {"activity": 1.0}
    assert not settings.keys() & {"model", "data", "device", "out", "loggers"}


@pytest.mark.parametrize(
    "values",
    [
        {"learning_rate": float("inf")},
        {"learning_rate": float("nan")},
        {"dice_weight": float("inf")},
        {"grad_clip": float("nan")},
        {"corruption_prob": 1.5},
        {"corruption_prob": float("nan")},
        {"task_weights": {"activity": float("inf")}},
        {"seed": -1},
        {"seed": 2**32},
        {"seeds": 10**30},
        {"devices": 10**20},
        {"nodes": 10**20},
        {"workers": 10**20},
    ],
)
def test_train_config_refuses_numbers_outside_their_range(values):
    with pytest.raises(TrainingError, match="Expected "):
        TrainConfig(**values)
