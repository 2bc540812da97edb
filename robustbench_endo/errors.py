"""Errors for users: one sentence with what was expected, what was given and what to do."""

from robustbench_endo.corruptions.errors import (
    CorruptionError,
    OptionalDependencyError,
    RobustEndoError,
    UnknownNameError,
    import_optional,
    unknown_name,
)

__all__ = [
    "CorruptionError",
    "DataError",
    "FrameError",
    "HubError",
    "ModelError",
    "OptionalDependencyError",
    "ReproductionError",
    "RobustEndoError",
    "RunError",
    "SynthesisError",
    "TrackingError",
    "TrainingError",
    "UnknownNameError",
    "import_optional",
    "unknown_name",
]


class DataError(RobustEndoError):
    """A data folder without the required layout, labels or files."""


class FrameError(DataError):
    """A frame that cannot be read; a run lists it and continues."""


class HubError(RobustEndoError):
    """A repository on the Hugging Face hub that cannot be read or written."""


class ModelError(RobustEndoError):
    """A model, checkpoint or weight file that cannot be used as requested."""


class RunError(RobustEndoError):
    """A run folder that cannot be written, resumed or read."""


class ReproductionError(RobustEndoError):
    """A table, data set or selection of models that the paper does not have."""


class SynthesisError(RobustEndoError):
    """Sources, settings or a folder that images cannot be synthesized from or written to."""


class TrackingError(RobustEndoError):
    """An experiment tracker that cannot be used, or failed; the run that it was to log is not affected."""


class TrainingError(RobustEndoError):
    """Data, settings or a loss with which training cannot continue."""
