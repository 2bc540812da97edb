"""The projection that UPGrad and DualProj ask for, against the problem it solves and against TorchJD's own."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.training.weighting.torchjd import dual_cone_projector

pytest.importorskip("torchjd")


def problems(tasks):
    generator = torch.Generator().manual_seed(tasks)
    for _ in range(20):
        rows = torch.randn(tasks, 5, generator=generator, dtype=torch.float64)
        yield torch.rand(tasks, generator=generator, dtype=torch.float64), rows @ rows.T


@pytest.mark.parametrize("tasks", [1, 2, 3, 5])
def test_the_weights_solve_the_problem(tasks):
    """v >= u, and no feasible step down: G v >= 0 with equality where v > u (Karush, Kuhn, Tucker)."""
    for u, gramian in problems(tasks):
        v = dual_cone_projector()(u, gramian)
        conditioned = gramian / gramian.trace() + 1e-4 * torch.eye(tasks)
        slope = conditioned @ v
        assert (v >= u - 1e-12).all()
        assert (slope > -1e-9).all()
        assert ((v - u) * slope).abs().max() < 1e-9


@pytest.mark.parametrize("tasks", [2, 4])
def test_against_torchjds_own(tasks):
    for package in ("quadprog", "qpsolvers"):
        pytest.importorskip(package)
    from torchjd.linalg import QuadprogProjector

    for u, gramian in problems(tasks):
        rows = torch.stack([u, 2 * u])
        torch.testing.assert_close(dual_cone_projector()(rows, gramian), QuadprogProjector()(rows, gramian))
