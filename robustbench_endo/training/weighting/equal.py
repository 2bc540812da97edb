"""`equal`: the sum of the losses."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from robustbench_endo.training.weighting.base import Combined, Weighting, plain


@dataclass
class Equal(Weighting):
    """d = sum_t g_t, in one backward pass; own parameters: their plain gradients."""

    name = "equal"
    separate = False

    def combine(self, losses: Tensor, gradients: Tensor) -> Combined:
        """See :meth:`Weighting.combine`; ``gradients`` may be summed already, (1, n)."""
        return plain(losses, gradients)
