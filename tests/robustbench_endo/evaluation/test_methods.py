"""Models of one method are named by their training seeds."""

from types import SimpleNamespace

import pytest

from robustbench_endo.errors import ModelError
from robustbench_endo.evaluation.methods import MethodSeed, split_methods
from robustbench_endo.evaluation.provenance import describe_run


def checkpoint(seed):
    return SimpleNamespace(training_seed=seed)


def test_split_methods_names_models_by_their_training_seed():
    models, seeds = split_methods({"ours": [checkpoint(7), checkpoint(3)], "other": print})
    assert list(models) == ["ours/seed3", "ours/seed7", "other"]
    assert models["ours/seed3"].training_seed == 3
    assert seeds == {"ours/seed3": MethodSeed("ours", 3), "ours/seed7": MethodSeed("ours", 7)}


def test_split_methods_counts_models_without_a_recorded_seed():
    models, seeds = split_methods({"ours": (print, len)})
    assert models == {"ours/seed0": print, "ours/seed1": len}
    assert [entry.seed for entry in seeds.values()] == [0, 1]


@pytest.mark.parametrize(
    ("models", "text"),
    [
        ({"ours": []}, "at least one model of the method 'ours', got none"),
        ({"ours": [checkpoint(1), checkpoint(1)]}, "different training seeds for the method 'ours', got the seed 1"),
        ({"ours/seed0": print, "ours": [print]}, "a different name for each model, got 'ours/seed0' twice"),
    ],
)
def test_split_methods_rejects_models_that_are_no_seeds_of_a_method(models, text):
    with pytest.raises(ModelError, match=text):
        split_methods(models)


def test_describe_run_records_method_and_seed_of_each_model(make_plan, run):
    first, second = make_plan(frames=1).models.values()
    plan = make_plan(frames=1, models={"ours": [first, second], "other": first})
    entries = describe_run(plan)["models"]
    assert [(entry["name"], entry.get("method"), entry.get("seed")) for entry in entries] == [
        ("ours/seed0", "ours", 0),
        ("ours/seed1", "ours", 1),
        ("other", None, None),
    ]
    assert run(plan).methods == {"ours": ["ours/seed0", "ours/seed1"], "other": ["other"]}
