"""What keeps pictures from being synthesised."""

from __future__ import annotations

from robustbench_endo.errors import RobustEndoError


class SynthesisError(RobustEndoError):
    """Sources, settings or a folder that pictures cannot be made from or written to."""
