"""Aggregators of TorchJD, and the projector of UPGrad and DualProj."""

from __future__ import annotations

import importlib

import pytest
import torch

from robustbench_endo.errors import OptionalDependencyError, TrainingError, UnknownNameError
from robustbench_endo.training.weighting import list_weightings, load_weighting
from robustbench_endo.training.weighting.torchjd import aggregators, dual_cone_projector

GRADIENTS = torch.tensor([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])

AGGREGATORS = [
    name
    for name in list_weightings()
    if name.startswith("torchjd:")
    and name.partition(":")[2] not in ("cagrad", "constant", "krum", "nashmtl", "trimmedmean")
]
"""Aggregators without required options or further packages."""


@pytest.mark.parametrize("name", AGGREGATORS)
@pytest.mark.parametrize("case", ["zero", "one absent", "identical", "opposing", "nothing shared"])
def test_torchjd_is_finite_for_degenerate_gradients(name, case, degenerate):
    losses, gradients = degenerate[case]
    weighting = load_weighting(name)
    for _ in range(2):
        combined = weighting.combine(torch.tensor(losses), gradients.clone())
        assert combined.shared.isfinite().all()
        assert combined.shared.shape == gradients.shape[1:]


def test_torchjd_aggregators_by_name():
    torchjd = pytest.importorskip("torchjd.aggregation")
    ours = load_weighting("torchjd:mgda").combine(torch.ones(2), GRADIENTS)
    torch.testing.assert_close(ours.shared, torchjd.MGDA()(GRADIENTS))
    torch.testing.assert_close(ours.weights @ GRADIENTS, ours.shared)
    assert ours.factors.tolist() == [1, 1]
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
def test_torchjd_rejects_names_and_options(name, error, text):
    pytest.importorskip("torchjd")
    with pytest.raises(error, match=text):
        load_weighting("torchjd:" + name).combine(torch.ones(2), GRADIENTS)


@pytest.mark.parametrize(
    ("name", "package", "extra"), [("nashmtl", "cvxpy", "nash_mtl"), ("cagrad", "cvxpy", "cagrad")]
)
def test_torchjd_names_missing_packages_of_an_aggregator(name, package, extra, monkeypatch):
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
@pytest.mark.filterwarnings("ignore:You are solving a parameterized problem")  # TorchJD's Nash-MTL, from cvxpy
def test_torchjd_aggregators_with_further_packages(name, packages):
    for package in ("torchjd", *packages):
        pytest.importorskip(package)
    step = load_weighting(f"torchjd:{name}").combine(torch.ones(2), GRADIENTS).shared
    assert (GRADIENTS @ step > -1e-3).all()


def test_torchjd_not_installed_is_an_error_with_the_extra(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError("no", name="torchjd")

    monkeypatch.setattr(importlib, "import_module", missing)
    assert aggregators(missing_ok=True) == {}
    assert list_weightings() == ["equal", "moco", "aligned_mtl", "stch", "db_mtl"]
    with pytest.raises(OptionalDependencyError, match=r"package torchjd .*pip install 'robustbench-endo\[mtl\]'"):
        load_weighting("torchjd:mgda")


def problems(tasks):
    generator = torch.Generator().manual_seed(tasks)
    for _ in range(20):
        rows = torch.randn(tasks, 5, generator=generator, dtype=torch.float64)
        yield torch.rand(tasks, generator=generator, dtype=torch.float64), rows @ rows.T


@pytest.mark.parametrize("tasks", [1, 2, 3, 5])
def test_projector_solves_the_problem(tasks):
    """v >= u, and no feasible step down: G v >= 0 with equality where v > u (Karush, Kuhn, Tucker)."""
    pytest.importorskip("torchjd")
    for u, gramian in problems(tasks):
        v = dual_cone_projector()(u, gramian)
        conditioned = gramian / gramian.trace() + 1e-4 * torch.eye(tasks)
        slope = conditioned @ v
        assert (v >= u - 1e-12).all()
        assert (slope > -1e-9).all()
        assert ((v - u) * slope).abs().max() < 1e-9


@pytest.mark.parametrize("tasks", [2, 4])
def test_projector_equals_that_of_torchjd(tasks):
    for package in ("torchjd", "quadprog", "qpsolvers"):
        pytest.importorskip(package)
    from torchjd.linalg import QuadprogProjector

    for u, gramian in problems(tasks):
        rows = torch.stack([u, 2 * u])
        torch.testing.assert_close(dual_cone_projector()(rows, gramian), QuadprogProjector()(rows, gramian))


def test_torchjd_restores_the_random_state(toy):
    pytest.importorskip("torchjd")
    ours = toy("torchjd:random")
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    ours.step(0)
    assert torch.equal(torch.rand(2), expected)


def test_torchjd_random_depends_only_on_the_step(toy):
    pytest.importorskip("torchjd")
    weights = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        ours = toy("torchjd:random")
        weights.append([ours.step(step)["weight/a"] for step in range(3)])
    assert weights[0] == weights[1]
    assert len(set(weights[0])) == 3
