"""What a corruption says when it is given something it cannot damage."""


class CorruptionError(ValueError):
    """Bad input to a corruption or a suite: one sentence saying what was expected, what was found, what to do."""


class MissingPackageError(CorruptionError, ImportError):
    """A package of an extra is not installed; names the extra."""
