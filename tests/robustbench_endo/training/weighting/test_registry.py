"""Names and options of the methods."""

from __future__ import annotations

import pytest

from robustbench_endo.errors import TrainingError, UnknownNameError
from robustbench_endo.training.weighting import list_weightings, load_weighting


def test_list_weightings_has_every_method(method):
    assert method in list_weightings()
    assert load_weighting(method).name == method


def test_load_weighting_defaults_are_the_published_ones():
    moco, stch, db_mtl = (load_weighting(name) for name in ("moco", "stch", "db_mtl"))
    assert (moco.beta, moco.beta_sigma, moco.gamma, moco.gamma_sigma, moco.rho) == (0.5, 0.5, 0.1, 0.5, 0)
    assert (stch.mu, stch.warmup_epoch) == (1, 4)
    assert (db_mtl.beta, db_mtl.beta_sigma) == (0.9, 0)


def test_load_weighting_takes_options_by_keyword_or_in_the_name():
    assert load_weighting("moco", beta=0.25) == load_weighting("moco@beta=0.25")
    assert load_weighting("stch@warmup_epoch=2,mu=0.5").warmup_epoch == 2


@pytest.mark.parametrize(
    ("name", "options", "error", "text"),
    [
        ("mocco", {}, UnknownNameError, "name of a weighting, got 'mocco': did you mean moco"),
        ("moco", {"betta": 1}, UnknownNameError, "name of a moco option, got 'betta': did you mean beta"),
        ("equal", {"beta": 1}, TrainingError, "no options for the weighting equal, got beta: leave it out"),
        ("moco", {"beta": 2}, TrainingError, "a number from 0 to 1 for the weighting option beta, got 2: change"),
        ("moco@beta=much", {}, TrainingError, "a number from 0 to 1 for the weighting option beta, got 'much'"),
        ("stch", {"mu": 0}, TrainingError, "a number of 1e-06 or more for the weighting option mu, got 0: change"),
        (
            "stch",
            {"warmup_epoch": 1.5},
            TrainingError,
            "an integer number of epochs for warmup_epoch, got 1.5: round it",
        ),
        ("stch", {"mu": float("nan")}, TrainingError, "weighting option mu, got nan"),
    ],
)
def test_load_weighting_rejects_names_and_options(name, options, error, text):
    with pytest.raises(error, match=text):
        load_weighting(name, **options)
