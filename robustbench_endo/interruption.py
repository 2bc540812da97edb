"""SIGINT and SIGTERM end the command line within seconds, with one sentence and nothing left behind.

Only modules of the standard library are imported, so that the handlers are installed before anything slow happens.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

GRACE_S = 2.5
"""Seconds that a running computation has to end by itself."""

EXIT_HANDLERS_S = 1.0
"""Seconds that exit handlers of libraries have, such as those that delete temporary folders."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """A signal asked the command line to end; no KeyboardInterrupt, which libraries catch."""


@dataclass
class _State:
    signal: int = 0
    folder: Path | None = None
    announced: bool = False
    wakeup: tuple[socket.socket, socket.socket] | None = None
    processes: dict[int, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


_state = _State()


def install() -> None:
    """Handle the signals from now on; called by the main thread of the command line, first of all.

    The main thread is interrupted by an exception. It does not see one while it computes in a library, or waits for
    threads that do: a thread that receives the signals ends the process where that takes longer than :data:`GRACE_S`.
    """
    receiver, sender = _state.wakeup = socket.socketpair()
    sender.setblocking(False)
    signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(receiver,), name="signals", daemon=True).start()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_uninstall)
    sys.unraisablehook = _ignore_interrupted
    reinstall()


def reinstall() -> None:
    """Set the handlers again after a library has replaced them; does nothing where they were not installed."""
    if _state.wakeup is not None and threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            signal.signal(number, _handle)


def received() -> bool:
    """Whether a signal has arrived."""
    return _state.signal != 0


@contextmanager
def resumable(out: Path) -> Iterator[None]:
    """Inside, the sentence about an interruption names the folder that the same command resumes from."""
    before, _state.folder = _state.folder, out
    yield
    _state.folder = before


def forget_folder() -> None:
    """Begin a command: no folder can be resumed yet."""
    _state.folder = None


def interruption_message() -> str:
    """What to do after an interruption, in one sentence."""
    folder = _state.folder
    if folder is not None and folder.is_dir() and any(folder.iterdir()):
        return f"Interrupted: finished work is saved in {folder}; re-run the same command to resume."
    return "Interrupted: re-run the same command to start again."


def finish() -> NoReturn:
    """Print the sentence, end the processes that this one has started, and exit with 128 + the number of the signal."""
    _announce()
    handlers = threading.Thread(target=_run_exit_handlers, daemon=True)
    handlers.start()
    handlers.join(EXIT_HANDLERS_S)
    _end_processes()
    _delete_temporaries()  # last, because other threads may still write
    os._exit(128 + (_state.signal or signal.SIGINT))


def _handle(number: int, frame: FrameType | None) -> None:
    if not received():
        _state.signal = number
        raise Interrupted


def _watch(receiver: socket.socket) -> None:
    """Wait for a signal; end the process when its time is over, or at once at a second signal."""
    while (number := receiver.recv(1)[0]) not in SIGNALS:
        pass
    _state.signal = _state.signal or number
    _state.processes = _child_processes()
    select.select([receiver], [], [], GRACE_S)  # a second signal
    finish()


def _uninstall() -> None:
    """In a forked process, whose signals do not concern this one."""
    if _state.wakeup is not None:
        signal.set_wakeup_fd(-1)
        _state.wakeup = None
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _announce() -> None:
    with _state.lock:
        if _state.announced:
            return
        _state.announced = True
    with suppress(OSError, ValueError, AttributeError):
        # A progress bar has hidden the cursor, and is in the middle of a line.
        prefix = "\x1b[?25h\r\n" if sys.stderr.isatty() else ""
        os.write(2, f"{prefix}{interruption_message()}\n".encode(errors="backslashreplace"))
        # Libraries would report that their threads and processes end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _delete_temporaries() -> None:
    module: Any = sys.modules.get("robustbench_endo.io_utils")
    for path in tuple(getattr(module, "LIVE_TEMPORARIES", ())):
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _end_processes() -> None:
    now = _child_processes()
    for process, started in {**_state.processes, **now}.items():
        if now.get(process) == started or _start_time(process) == started:
            with suppress(OSError):
                os.kill(process, signal.SIGKILL)


def _child_processes() -> dict[int, str]:
    """Number -> start time of the processes that this one has started, directly or not; none without ``/proc``."""
    parents: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        if (stat := _stat(int(entry.name))) is not None:
            parents[int(entry.name)] = int(stat[1]), stat[19]
    children: dict[int, str] = {}
    pending = [os.getpid()]
    while pending:
        parent = pending.pop()
        direct = {number: started for number, (above, started) in parents.items() if above == parent}
        pending.extend(direct.keys() - children.keys())
        children |= direct
    return children


def _start_time(process: int) -> str | None:
    stat = _stat(process)
    return None if stat is None else stat[19]


def _stat(process: int) -> list[str] | None:
    """Fields of ``/proc/PID/stat`` from the state on; None for a process that has ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None
    return fields if len(fields) > 19 and fields[0] != "Z" else None


def _run_exit_handlers() -> None:
    with suppress(BaseException):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(BaseException):
            stream.flush()


def _ignore_interrupted(unraisable: Any) -> None:
    """Print no traceback of an interruption that reached a destructor; the thread that watches ends the process."""
    if not isinstance(unraisable.exc_value, Interrupted):
        sys.__unraisablehook__(unraisable)
