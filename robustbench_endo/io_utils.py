"""Files and folders: atomic writes, writable folders, JSON, checksums, resume identities and spec strings."""

from __future__ import annotations

import errno
import hashlib
import importlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustbench_endo.errors import RobustEndoError, RunError

if TYPE_CHECKING:
    from types import ModuleType

fcntl: ModuleType | None = None
with suppress(ImportError):  # on Windows
    fcntl = importlib.import_module("fcntl")

LIVE_TEMPORARIES: set[Path] = set()
"""Temporary files that this process writes at the moment: a process that ends at once has to delete them."""

_TEMPORARY = ".writing-"
_NAME_LENGTH = 64


@contextmanager
def replace_atomically(path: Path) -> Iterator[Path]:
    """A temporary path in the same folder that replaces ``path`` when the block succeeds, and is deleted otherwise.

    The file is flushed to the disk before it is renamed, so that a reader sees the old content or the new one.

    Raises:
        RunError: the file cannot be written; what was there before is kept.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # renaming would replace /dev/null itself
            raise RunError(f"Cannot write {path}: it is a device or a pipe. Choose the path of a file.")
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{_TEMPORARY}{path.name[:_NAME_LENGTH]}.")
        temporary = Path(name)
        LIVE_TEMPORARIES.add(temporary)
        try:
            _lock(descriptor)
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.chmod(0o666 & ~_umask())  # mkstemp creates private files
            temporary.replace(path)
        finally:
            os.close(descriptor)
            temporary.unlink(missing_ok=True)
            LIVE_TEMPORARIES.discard(temporary)
    except OSError as error:
        raise RunError(f"Cannot write {path}: {error.strerror or error}. {_write_advice(path, error)}.") from error


def _write_advice(path: Path, error: OSError) -> str:
    if error.errno == errno.EISDIR:
        return "Name a file in this folder"
    if error.errno == errno.ENOENT:
        return f"Create the folder {path.parent} first"
    return "Free some space or choose another folder; finished work is kept"


def remove_stale_temporaries(folder: Path) -> None:
    """Delete the temporary files of :func:`replace_atomically` below a folder whose writers were killed.

    A writer holds a lock on its file, which ends with its process; where locks are not supported nothing is deleted.
    """
    if fcntl is None:
        return
    for path in folder.rglob(f"{_TEMPORARY}*"):
        with suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)


def _lock(descriptor: int) -> None:
    if fcntl is not None:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _umask() -> int:
    """The permissions that new files of this process do not get."""
    with suppress(OSError, ValueError, StopIteration):
        # Linux; elsewhere it can only be read by setting it, which other threads would see.
        status = Path("/proc/self/status").read_text("ascii")
        return int(next(line for line in status.splitlines() if line.startswith("Umask:")).split()[1], 8)
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new one.

    Raises:
        RunError: the file cannot be written.
    """
    with replace_atomically(path) as temporary:
        temporary.write_bytes(content)


def writable_folder(path: Path) -> Path:
    """A folder, created where it is missing.

    Raises:
        RunError: it cannot be created or written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise RunError(f"Cannot write to the folder {path}: {error.strerror or error}. Choose another one.") from error
    return path


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        RunError: the file cannot be read, or is no JSON object.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise RunError(f"Cannot read {path}: {error.strerror or error}. Check the file and its permissions.") from error
    except (ValueError, RecursionError) as error:  # of JSON and of UTF-8
        raise RunError(f"Cannot parse {path}: invalid JSON ({error}). Restore the file or use a new folder.") from error
    if not isinstance(content, dict):
        raise RunError(
            f"Cannot parse {path}: invalid JSON (no object, but {type(content).__name__}). Restore the file or use a "
            "new folder."
        )
    return content


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object atomically."""
    write_atomically(path, json.dumps(content, indent=1, ensure_ascii=False).encode())


def read_toml(path: Path, error: type[RobustEndoError] = RobustEndoError) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        RobustEndoError: of the type ``error``: no such file, or no TOML.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as reason:
        raise error(f"Cannot read {path}: {reason.strerror}. Check the path.") from reason
    except ValueError as reason:
        raise error(f"Cannot parse {path}: invalid TOML ({reason}). Correct the file.") from reason
    return parse_toml(text, str(path), error)


def parse_toml(text: str, source: str, error: type[RobustEndoError] = RobustEndoError) -> dict[str, Any]:
    """The content of a TOML text.

    Args:
        text: of a file.
        source: its name, for messages.
        error: type of the errors.

    Raises:
        RobustEndoError: of the type ``error``: no TOML.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as reason:
        raise error(f"Cannot parse {source}: invalid TOML ({reason}). Correct the file.") from reason


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def large_file_sha256(path: Path) -> str:
    """SHA-256 of a file that many frames share, such as a video: read again only when its size or time has changed."""
    status = path.stat()
    return _large_file_sha256(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1024)
def _large_file_sha256(path: Path, size: int, modified: int) -> str:
    return file_sha256(path)


def weights_sha256(model: object) -> str:
    """SHA-256 over names, shapes, types and bytes of a module's parameters and buffers.

    For an object that is no module, SHA-256 of its type's name.
    """
    import torch

    digest = hashlib.sha256()
    if not isinstance(model, torch.nn.Module):
        digest.update(f"{type(model).__module__}.{type(model).__qualname__}".encode())
        return digest.hexdigest()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name}\0{tuple(tensor.shape)}\0{tensor.dtype}\0".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def identity_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What changed between two identities, as text; empty where they are equal.

    >>> identity_changes({"seed": 0}, {"seed": 1})
    'seed changed from 0 to 1'
    >>> identity_changes({"code": {"model a": {"net.py": "1f"}}}, {"code": {"model a": {"net.py": "2e"}}})
    'code, model a, net.py changed from "1f" to "2e"'
    """
    return "; ".join(_changes(before, json.loads(json.dumps(now))))  # as it is read back: tuples are lists


def _changes(before: Mapping[str, Any], now: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[str]:
    for name in {**before, **now}:
        first, second = before.get(name), now.get(name)
        if isinstance(first, Mapping) and isinstance(second, Mapping):
            yield from _changes(first, second, (*path, name))
        elif first != second:
            yield f"{', '.join((*path, name))} changed from {_short(first)} to {_short(second)}"


def check_resumable(
    before: Mapping[str, Any], now: Mapping[str, Any], path: Path, error: type[RobustEndoError] = RunError
) -> None:
    """Raise an error unless a folder was begun with the same settings, models and data.

    Args:
        before, now: identities as stored and as given.
        path: the folder.
        error: its type.
    """
    if changes := identity_changes(before, now):
        raise error(f"Cannot resume {path}: {changes}. Use a new --out or delete the folder.")


def split_spec(spec: str) -> tuple[str, dict[str, str]]:
    """``name@key=value,key=value`` as the name and its options.

    Raises:
        RobustEndoError: an option without a value.

    >>> split_spec("moco@beta=0.9,rho=0.1")
    ('moco', {'beta': '0.9', 'rho': '0.1'})
    """
    name, _, text = spec.partition("@")
    return name, parse_options(text)


def parse_options(text: str, error: type[RobustEndoError] = RobustEndoError) -> dict[str, str]:
    """``key=value,key=value`` as a dict; empty for an empty text.

    Args:
        text: the part of a spec after the ``@``.
        error: type of the error that is raised.

    Raises:
        RobustEndoError: a part without key or value, as ``error``.

    >>> parse_options("rank=8,width=24")
    {'rank': '8', 'width': '24'}
    """
    pairs = [part.partition("=") for part in text.split(",") if part]
    for key, equals, value in pairs:
        if not (key and equals and value):
            raise error(f"Expected options as key=value,key=value after the @, got {text!r}: add the value.")
    return {key.strip(): value.strip() for key, _, value in pairs}


def _short(value: object) -> str:
    text = json.dumps(value)
    if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value):
        return f"{value[:12]}..."  # a digest
    return text if len(text) <= 80 else f"{text[:60]}... ({len(text)} characters)"
