"""Errors that a user reads: one sentence with what was expected, what was given and what to do."""

from robustbench_endo.corruptions.errors import (
    CorruptionError,
    OptionalDependencyError,
    RobustEndoError,
    UnknownNameError,
    unknown_name,
)

__all__ = [
    "CorruptionError",
    "DataError",
    "FrameError",
    "ModelError",
    "OptionalDependencyError",
    "ReproductionError",
    "RobustEndoError",
    "RunError",
    "SynthesisError",
    "TrainingError",
    "UnknownNameError",
    "unknown_name",
]


class DataError(RobustEndoError):
    """A data folder that does not have the layout, the labels or the files that it should have."""


class FrameError(DataError):
    """One frame that cannot be read; a run lists it and goes on."""


class ModelError(RobustEndoError):
    """A model, checkpoint or weight file that cannot be used as asked."""


class RunError(RobustEndoError):
    """A run folder that cannot be written, resumed or read."""


class ReproductionError(RobustEndoError):
    """A table, a data set or a choice of models that the paper's grid does not have."""


class SynthesisError(RobustEndoError):
    """Sources, settings or a folder that pictures cannot be made from or written to."""


class TrainingError(RobustEndoError):
    """Data, settings or a loss that training cannot go on with."""
