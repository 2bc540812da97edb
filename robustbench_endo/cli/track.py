"""``--log`` of evaluate and report: a finished run in experiment trackers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from robustbench_endo.cli.command import option
from robustbench_endo.errors import RobustEndoError, TrackingError

if TYPE_CHECKING:
    from robustbench_endo.results import Results

Command = TypeVar("Command", bound=Callable[..., Any])


def log_option(command: Command) -> Command:
    """Add ``--log``, also called ``--logger`` as in train; the parameter is ``loggers``."""
    return option(
        "--log",
        "--logger",
        "loggers",
        multiple=True,
        metavar="NAME,...",
        group="Output",
        help="Log curves, scores and files to tensorboard, mlflow or wandb; several separated by commas.",
    )(command)


def check_trackers(loggers: Sequence[str], shard: str | None = None) -> tuple[str, ...]:
    """The trackers of ``--log``, each installed and, where it needs that, logged in.

    Raises:
        RobustEndoError: an unknown tracker or one that cannot be used, or a shard, which is no run yet.
    """
    from robustbench_endo.tracking import check_loggers

    if loggers and shard is not None:
        raise RobustEndoError(
            f"Expected --log without --shard, got both ({', '.join(loggers)}, {shard}): log the merged run with "
            "robust-endo report RUN --log NAME."
        )
    return check_loggers(loggers)


@contextmanager
def logged_to(trackers: Sequence[str], results: Results) -> Iterator[None]:
    """Log a run after the block has written its reports, also where that ends with an exit code.

    A tracker that fails is one sentence on standard error: the run is complete.
    """
    try:
        yield
    except SystemExit:
        _log_each(trackers, results)
        raise
    _log_each(trackers, results)


def log_run(trackers: Sequence[str], results: Results) -> None:
    """Log a run and print where it is.

    Raises:
        TrackingError: a tracker failed.
    """
    from robustbench_endo.tracking import log_results

    for name in trackers:
        for where in log_results(results, name).values():
            click.echo(f"Logged to {name}: {where}", err=True)


def _log_each(trackers: Sequence[str], results: Results) -> None:
    for name in trackers:
        try:
            log_run([name], results)
        except TrackingError as error:
            click.echo(f"Error: {error}", err=True)
