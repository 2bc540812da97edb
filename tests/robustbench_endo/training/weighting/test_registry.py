from __future__ import annotations

import importlib

import pytest
import torch

from robustbench_endo.errors import OptionalDependencyError, TrainingError, UnknownNameError
from robustbench_endo.training.weighting import list_weightings, load_weighting
from robustbench_endo.training.weighting.torchjd import aggregators

GRADIENTS = torch.tensor([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])


def test_every_name_is_listed(method):
    assert method in list_weightings()
    assert load_weighting(method).name == method


def test_the_defaults_are_the_published_ones():
    moco, stch, db_mtl = (load_weighting(name) for name in ("moco", "stch", "db_mtl"))
    assert (moco.beta, moco.beta_sigma, moco.gamma, moco.gamma_sigma, moco.rho) == (0.5, 0.5, 0.1, 0.5, 0)
    assert (stch.mu, stch.warmup_epoch) == (1, 4)
    assert (db_mtl.beta, db_mtl.beta_sigma) == (0.9, 0)


def test_options_by_keyword_or_in_the_name():
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
            "a whole number of epochs for warmup_epoch, got 1.5: round it",
        ),
        ("stch", {"mu": float("nan")}, TrainingError, "weighting option mu, got nan"),
    ],
)
def test_bad_names_and_options(name, options, error, text):
    with pytest.raises(error, match=text):
        load_weighting(name, **options)


def test_torchjds_aggregators_by_name():
    torchjd = pytest.importorskip("torchjd.aggregation")
    ours = load_weighting("torchjd:mgda").combine(torch.ones(2), GRADIENTS)
    torch.testing.assert_close(ours.shared, torchjd.MGDA()(GRADIENTS))
    torch.testing.assert_close(ours.weights @ GRADIENTS, ours.shared)
    assert ours.own.tolist() == [1, 1]
    config = load_weighting("torchjd:config").combine(torch.ones(2), GRADIENTS)
    torch.testing.assert_close(config.shared, torchjd.ConFIG()(GRADIENTS))
    constant = load_weighting("torchjd:constant@weights=1x2").combine(torch.ones(2), GRADIENTS)
    assert constant.shared.tolist() == [8, 3, 3]
    assert "torchjd:pcgrad" in list_weightings()


@pytest.mark.parametrize(
    ("name", "error", "text"),
    [
        ("upgrd", UnknownNameError, "name of a weighting, got 'torchjd:upgrd': did you mean torchjd:upgrad"),
        ("krum", TrainingError, "the option n_byzantine for the weighting torchjd:krum, got none: give it a value"),
        ("mean@c=1", TrainingError, "no options for the weighting torchjd:mean, got c"),
        ("mgda@epsilom=1", UnknownNameError, "a torchjd:mgda option, got 'epsilom': did you mean epsilon"),
        ("gradvac@beta=3", TrainingError, "other options for the weighting torchjd:gradvac.*must be in"),
        ("constant@weights=1x2x3", TrainingError, "options of the weighting torchjd:constant that fit 2 tasks, got"),
    ],
)
def test_torchjds_bad_names_and_options(name, error, text):
    pytest.importorskip("torchjd")
    with pytest.raises(error, match=text):
        load_weighting("torchjd:" + name).combine(torch.ones(2), GRADIENTS)


@pytest.mark.parametrize(
    ("name", "package", "extra"), [("nashmtl", "cvxpy", "nash_mtl"), ("cagrad", "cvxpy", "cagrad")]
)
def test_packages_that_an_aggregator_needs(name, package, extra, monkeypatch):
    mixins = pytest.importorskip("torchjd._mixins")
    monkeypatch.setattr(mixins, "find_spec", lambda _: None)
    with pytest.raises(
        OptionalDependencyError, match=rf"{package}.* for the weighting torchjd:{name}, .*'torchjd\[{extra}\]'"
    ):
        load_weighting(f"torchjd:{name}")


@pytest.mark.parametrize(
    ("name", "packages"),
    [("upgrad", []), ("cagrad", ["cvxpy", "clarabel"]), ("nashmtl", ["cvxpy", "ecos"])],
)
@pytest.mark.filterwarnings("ignore:You are solving a parameterized problem")  # TorchJD's Nash-MTL, told by cvxpy
def test_aggregators_with_packages_of_their_own(name, packages):
    for package in ("torchjd", *packages):
        pytest.importorskip(package)
    step = load_weighting(f"torchjd:{name}").combine(torch.ones(2), GRADIENTS).shared
    assert (GRADIENTS @ step > -1e-3).all()


def test_without_torchjd_its_names_are_unlisted_and_asking_says_how_to_get_it(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError("no", name="torchjd")

    monkeypatch.setattr(importlib, "import_module", missing)
    assert aggregators(missing_ok=True) == {}
    assert list_weightings() == ["equal", "moco", "aligned_mtl", "stch", "db_mtl"]
    with pytest.raises(OptionalDependencyError, match=r"package torchjd .*pip install 'robustbench-endo\[mtl\]'"):
        load_weighting("torchjd:mgda")
