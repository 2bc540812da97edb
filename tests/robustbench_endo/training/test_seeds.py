"""The same training with several seeds."""

import json
from pathlib import Path

import pytest

from robustbench_endo.training.config import TrainConfig
from robustbench_endo.training.seeds import seed_configs, summarize_seeds, validation_scores


def test_seed_configs_differ_in_seed_and_folder():
    config = TrainConfig(seed=7, seeds=3, epochs=2, out=Path("runs/a"))
    configs = seed_configs(config)
    assert [(each.seed, each.seeds, str(each.out)) for each in configs] == [
        (7, 1, "runs/a/seed7"),
        (8, 1, "runs/a/seed8"),
        (9, 1, "runs/a/seed9"),
    ]
    assert {each.epochs for each in configs} == {2}


def test_seed_configs_of_one_seed_is_the_configuration():
    config = TrainConfig(seed=7)
    assert seed_configs(config) == [config]


def test_summarize_seeds_is_mean_and_standard_deviation():
    summary = summarize_seeds([{"miou": 0.2, "accuracy": 1.0}, {"miou": 0.4}, {"miou": 0.6}])
    assert summary["miou"] == (pytest.approx(0.4), pytest.approx(0.2), 3)
    assert summary["accuracy"] == (1.0, None, 1)
    assert summarize_seeds([{}, {}]) == {}


def test_validation_scores_are_those_of_the_saved_epoch(tmp_path):
    training = {"miou": 0.5, "accuracy": 0.25, "loss": 1.0, "selection": {"metric": "miou"}}
    (tmp_path / "model.json").write_text(json.dumps({"training": training}))
    assert validation_scores(tmp_path) == {"miou": 0.5, "accuracy": 0.25}
    (tmp_path / "model.json").write_text(json.dumps({"training": {"loss": 1.0, "selection": None}}))
    assert validation_scores(tmp_path) == {}
