"""Resolution of specs: a built-in name, an entry point, or a factory in a module or a file."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from robustbench_endo.errors import RobustEndoError, unknown_name

Kind = Literal["model", "dataset"]


def resolve(kind: Kind, spec: str, builtins: Mapping[str, Callable[..., Any]]) -> Callable[..., Any]:
    """The factory that a spec names.

    Args:
        kind: what the factory builds.
        spec: a key of ``builtins``, the name of an entry point in ``robustbench_endo.<kind>s``,
            ``pkg.module:factory`` or ``path/to/file.py:factory``.
        builtins: name -> factory.

    Raises:
        UnknownNameError: no such name; the message lists the closest matches.
        RobustEndoError: no such module or file, or one without the factory.

    >>> resolve("dataset", "collections:Counter", {})
    <class 'collections.Counter'>
    """
    if spec in builtins:
        return builtins[spec]
    registered = {point.name: point for point in entry_points(group=f"robustbench_endo.{kind}s")}
    if spec in registered:
        factory: Callable[..., Any] = registered[spec].load()
        return factory
    if ":" in spec:
        return _import_factory(kind, spec)
    raise unknown_name(kind, spec, [*builtins, *registered])


def _import_factory(kind: Kind, spec: str) -> Callable[..., Any]:
    source, _, attribute = spec.rpartition(":")
    module = _import_file(kind, Path(source)) if source.endswith(".py") else _import_module(kind, source)
    factory = getattr(module, attribute, None)
    if not callable(factory):
        raise RobustEndoError(
            f"Expected a callable {attribute!r} in {source} for the {kind} {spec!r}, got "
            f"{'nothing of that name' if factory is None else type(factory).__name__}: check the part after the colon."
        )
    return factory  # type: ignore[no-any-return]


def _import_module(kind: Kind, name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise RobustEndoError(
            f"Cannot import the module {name!r} for the {kind}: {error}. Install it or give a path ending in .py."
        ) from error
    except Exception as error:  # the code of a user's module, or no name of a module
        raise _broken(kind, name, error) from error


def _import_file(kind: Kind, path: Path) -> ModuleType:
    if not path.is_file():
        raise RobustEndoError(f"Expected a Python file for the {kind}, got no {path}: check the path.")
    spec = importlib.util.spec_from_file_location(f"robustbench_endo_plugin_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the code of a user's file
        raise _broken(kind, str(path), error) from error
    return module


def _broken(kind: Kind, source: str, error: Exception) -> RobustEndoError:
    if isinstance(error, RobustEndoError):
        return error
    reason = f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(".: ")
    return RobustEndoError(
        f"Cannot import {source!r} for the {kind}: {reason}. Correct it; robust-endo --debug shows the traceback."
    )
