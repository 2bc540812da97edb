"""Paths that commands write to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click


class OutputPath(click.Path):
    """A path to write to, which must not be one of the files that a run is made of: they could not be restored."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(path_type=Path, **settings)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path.

        Raises:
            click.BadParameter: run.json, or a file or folder with checksums in it.
        """
        from robustbench_endo.results.integrity import run_at

        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if (run := run_at(path)) is not None:
            name = param.opts[0] if param else "a path"
            raise click.BadParameter(
                f"Expected {name} to be none of the files of a run, got {str(path)!r}, which belongs to the run in "
                f"{run}: choose another path.",
                ctx,
                param,
            )
        return path
