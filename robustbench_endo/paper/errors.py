"""What goes wrong before a table can be made."""

from robustbench_endo.errors import RobustEndoError


class PaperError(RobustEndoError):
    """A table, a data set or a choice of models that the paper's grid does not have."""
