"""Scores by method: mean and standard deviation over training seeds."""

import numpy as np
import pytest

from robustbench_endo.results import Results
from robustbench_endo.results.combine import combine_runs


@pytest.fixture
def with_seeds(make_results):
    """A method of three seeds, and a single model."""
    run = make_results(models=("ours/seed0", "ours/seed1", "ours/seed2", "other"))
    models = [
        {"name": name, **({"method": "ours", "seed": seed} if name != "other" else {})}
        for seed, name in enumerate(run.models)
    ]
    return Results(run.frame, {**run.info, "models": models})


def test_method_table_is_mean_and_standard_deviation_over_seeds(with_seeds):
    assert with_seeds.methods == {"ours": ["ours/seed0", "ours/seed1", "ours/seed2"], "other": ["other"]}
    table, scores = with_seeds.method_table(("miou", "accuracy")), with_seeds.table(("miou", "accuracy"))
    assert list(table.index) == list(scores.index)
    assert list(table.columns)[:4] == [
        ("miou", "ours", "mean"),
        ("miou", "ours", "sd"),
        ("miou", "ours", "seeds"),
        ("miou", "other", "mean"),
    ]
    seeds = scores["miou"][with_seeds.models[:3]].to_numpy()
    ours, other = table["miou"]["ours"], table["miou"]["other"]
    assert ours["mean"].to_numpy() == pytest.approx(seeds.mean(1))
    assert ours["sd"].to_numpy() == pytest.approx(seeds.std(1, ddof=1))
    assert (ours["seeds"] == 3).all()
    assert other["mean"].to_numpy() == pytest.approx(scores["miou"]["other"].to_numpy())
    assert np.isnan(other["sd"]).all()


def test_combine_runs_renames_a_method_with_its_models(with_seeds):
    one = Results(with_seeds.frame, {**with_seeds.info, "name": "one"})
    part = with_seeds.frame[with_seeds.frame["model"] == "ours/seed0"]
    models = [entry for entry in with_seeds.info["models"] if entry["name"] == "ours/seed0"]
    combined = combine_runs([one, Results(part, {**with_seeds.info, "name": "two", "models": models})])
    assert combined.methods == {
        "one/ours": ["one/ours/seed0", "one/ours/seed1", "one/ours/seed2"],
        "other": ["other"],
        "two/ours": ["two/ours/seed0"],
    }


def test_combine_runs_joins_the_seeds_of_a_method(with_seeds):
    runs = []
    for name in ("ours/seed0", "ours/seed1"):
        models = [entry for entry in with_seeds.info["models"] if entry["name"] == name]
        frame = with_seeds.frame[with_seeds.frame["model"] == name]
        runs.append(Results(frame, {**with_seeds.info, "name": name[-5:], "models": models}))
    assert combine_runs(runs).methods == {"ours": ["ours/seed0", "ours/seed1"]}


def test_combine_runs_does_not_take_a_single_model_for_a_seed(with_seeds, make_results):
    single = make_results(models=("ours",))
    runs = [Results(run.frame, {**run.info, "name": name}) for run, name in ((with_seeds, "one"), (single, "two"))]
    assert combine_runs(runs).methods == {
        "one/ours": ["one/ours/seed0", "one/ours/seed1", "one/ours/seed2"],
        "other": ["other"],
        "two/ours": ["two/ours"],
    }
