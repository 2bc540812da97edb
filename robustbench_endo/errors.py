"""What a user reads when something cannot be done: expected, found, what to do, in one sentence."""


class RobustEndoError(ValueError):
    """Base of every error that the command line shows as one sentence (exit code 2)."""


class UnknownNameError(RobustEndoError):
    """A model, dataset, corruption or metric that nobody registered; names the closest matches."""


class DataError(RobustEndoError):
    """A data folder that does not have the layout, the labels or the files that it should have."""


class FrameError(DataError):
    """One frame that cannot be read; a run lists it and goes on."""


class ModelError(RobustEndoError):
    """A model, checkpoint or weight file that cannot be used as asked."""


class RunError(RobustEndoError):
    """A run folder that cannot be written, resumed or read."""


class OptionalDependencyError(RobustEndoError):
    """A feature whose extra is not installed; names the extra."""
