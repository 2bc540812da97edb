"""``run.log`` in the folder of a long run: what happened when, including the traceback of an unexpected error.

The log is appended to and has no checksum, because it changes after a run is sealed.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import shlex
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import click

from robustbench_endo import interruption
from robustbench_endo.cli.errors import FRAMES_FAILED, error_sentence, is_unexpected, set_log_file
from robustbench_endo.cli.verbosity import PACKAGE, console_log

RUN_LOG = "run.log"

log = logging.getLogger(__name__)
log.propagate = False  # events of this module are only for the file


def log_name(shard: str | None = None) -> str:
    """Name of the log of a run, or of one of its shards.

    >>> log_name(), log_name("2/8")
    ('run.log', 'run.shard-2-of-8.log')
    """
    return RUN_LOG if shard is None else f"run.shard-{'-of-'.join(shard.strip().split('/'))}.log"


@contextmanager
def run_log(folder: Path, settings: Mapping[str, Any], shard: str | None = None) -> Iterator[None]:
    """Inside, log messages go to standard error and, with everything else that happens, to the log in a folder.

    Args:
        folder: of the run; it is not created for the log.
        settings: of the run, logged at the beginning.
        shard: such as ``2/8``; each shard has a log of its own.
    """
    handler = LogFile(folder / log_name(shard))
    root = logging.getLogger()
    with console_log(), _logged_warnings():
        root.addHandler(handler)
        log.addHandler(handler)
        log.setLevel(logging.DEBUG)
        atexit.register(_log_interruption)  # a computation may not return before the process is ended
        try:
            _log_start(settings)
            with _logged_end(handler.path):
                yield
        finally:
            atexit.unregister(_log_interruption)
            root.removeHandler(handler)
            log.removeHandler(handler)
            handler.close()


class LogFile(logging.Handler):
    """A file that is appended to once its folder exists; one that cannot be written never ends a run.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._waiting: list[str] = []
        self.setFormatter(logging.Formatter("%(asctime)sZ %(levelname)-7s %(message)s", "%Y-%m-%dT%H:%M:%S"))
        assert self.formatter is not None
        self.formatter.converter = time.gmtime

    def emit(self, record: logging.LogRecord) -> None:
        """Append a record, and those before it that waited for the folder, in one write."""
        if record.levelno < logging.WARNING and not record.name.startswith(PACKAGE):
            return
        self._waiting.append(f"{self.format(record)}\n")
        if self.path.parent.is_dir():
            with suppress(OSError), _append_to(self.path) as file:
                file.write("".join(self._waiting))
            self._waiting.clear()


def _append_to(path: Path) -> TextIO:
    """A regular file, opened for appending: in the folder of another, it may be a link, or a pipe without reader."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    return os.fdopen(os.open(path, flags, 0o666), "a", encoding="utf-8", errors="backslashreplace")


@contextmanager
def _logged_end(path: Path) -> Iterator[None]:
    """Log how the run ends."""
    try:
        yield
    except SystemExit as error:
        reason = "some frames are excluded" if error.code == FRAMES_FAILED else "see above"
        log.info("End: exit code %s, %s.", error.code, reason)
        raise
    except (KeyboardInterrupt, interruption.Interrupted, click.Abort):
        log.warning("Interrupted: the same command resumes the run.")
        raise
    except Exception as error:
        if not is_unexpected(error):
            log.error("Error: %s", error_sentence(error))
            raise
        log.error("Unexpected error:", exc_info=error)
        if path.is_file():
            set_log_file(error, path)
        raise
    log.info("End: exit code 0.")


def _log_start(settings: Mapping[str, Any]) -> None:
    from robustbench_endo import __version__

    context = click.get_current_context(silent=True)
    arguments = getattr(context.find_root().command, "arguments", ()) if context else ()
    log.info("Start: %s", shlex.join(["robust-endo", *arguments]))
    log.info("Version: %s", __version__)
    log.info("Settings: %s", json.dumps(dict(settings)))


def _log_interruption() -> None:
    if interruption.received():
        log.warning("Interrupted while computing: the same command resumes the run.")


@contextmanager
def _logged_warnings() -> Iterator[None]:
    """Log Python warnings, which are printed as before."""
    show = warnings.showwarning

    def show_and_log(message: Warning | str, category: type[Warning], *position: Any, **others: Any) -> None:
        log.warning("%s: %s", category.__name__, message)
        show(message, category, *position, **others)

    warnings.showwarning = show_and_log
    try:
        yield
    finally:
        warnings.showwarning = show
