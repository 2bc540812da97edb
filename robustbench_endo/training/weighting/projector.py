"""Projection onto the dual cone of the tasks' gradients, for TorchJD's aggregators that ask for one.

TorchJD's own projector calls quadprog, whose licence (GPL) does not fit ours; for a handful of tasks a non-negative
least-squares problem does the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.optimize import nnls
from torch import Tensor

EPSILON = 1e-4
"""Of the normalisation of the Gramian and on its diagonal, as in TorchJD."""


def dual_cone_projector() -> Any:
    """A ``torchjd.linalg.DualConeProjector``; made here, as its base class is TorchJD's."""
    from torchjd.linalg import DualConeProjector

    class NonNegativeProjector(DualConeProjector):
        """min v^T G v with v >= u is min |L^T (u + s)|^2 with s >= 0, where G = L L^T."""

        def __call__(self, rows: Tensor, matrix: Tensor) -> Tensor:
            """Rows u (..., m) and the Gramian G (m, m) -> the projections' weights (..., m)."""
            gramian = matrix.detach().cpu().double().numpy()
            root = np.linalg.cholesky(_conditioned(gramian)).T
            targets = rows.detach().cpu().double().numpy()
            projected = np.apply_along_axis(lambda u: u + nnls(root, -root @ u)[0], -1, targets)
            return torch.as_tensor(projected, dtype=matrix.dtype, device=matrix.device)

    return NonNegativeProjector()


def _conditioned(gramian: np.ndarray) -> np.ndarray:
    """Of trace 1 and positive definite."""
    size = len(gramian)
    trace = float(np.trace(gramian))
    return (gramian / trace if trace > EPSILON else np.zeros_like(gramian)) + EPSILON * np.eye(size)
