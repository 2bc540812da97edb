"""Scalars equal the tables of a run; figures and tables go to the loggers that take them."""

from types import SimpleNamespace

import pytest
import torch

import robustbench_endo as rb
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.lightning.curves import log_curves, metrics_of, scalars


@pytest.fixture(scope="module")
def run(frames):
    def bright(images):
        return {"segmentation": torch.cat([images.mean(1, keepdim=True), images, images], 1)}

    return rb.evaluate({"model": bright}, frames, ["contrast", "smoke"], (1, 5), workers=1)


def test_metrics_of_are_the_first_of_each_task_of_the_model(run):
    assert metrics_of(run, None) == ["miou"]
    assert metrics_of(run, ["hd95", "dice[shaft]"]) == ["hd95", "dice[shaft]"]
    with pytest.raises(RobustEndoError, match="miuo"):
        metrics_of(run, ["miuo"])


def test_scalars_are_means_over_severities_and_corruptions(run):
    values = scalars(run, ["miou", "hd95"])
    scores = run.scores().groupby("corruption")[["miou", "hd95"]].mean()
    assert len(values) == 2 * 4
    for name in ("clean", "contrast", "smoke"):
        assert values[f"robustness/{name}/hd95"] == pytest.approx(scores.loc[name, "hd95"])
    corrupted = scores.loc[["contrast", "smoke"], "miou"]
    assert values["robustness/mean/miou"] == pytest.approx(corrupted.mean())


def test_log_curves_draws_figures_or_writes_a_table(run):
    figures, tables = {}, {}
    board = SimpleNamespace(add_figure=lambda name, figure, global_step: figures.update({name: (figure, global_step)}))
    loggers = [
        SimpleNamespace(experiment=board),
        SimpleNamespace(experiment=None, log_table=lambda **arguments: tables.update(arguments)),
        SimpleNamespace(experiment=None),  # scalars only
    ]
    log_curves(loggers, run, ["miou"], step=7)
    (figure, step) = figures["robustness/miou"]
    assert step == 7
    assert len(figure.axes) == 2  # a panel for each corruption
    assert (tables["key"], tables["step"]) == ("robustness", 7)
    assert tables["dataframe"].shape == (5, 3)
