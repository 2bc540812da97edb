"""What stops a training run."""

from __future__ import annotations

from robustbench_endo.errors import RobustEndoError


class TrainingError(RobustEndoError):
    """Data, settings or a loss that training cannot go on with."""
