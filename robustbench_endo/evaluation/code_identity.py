"""The code that a user's models, data, corruptions and metrics consist of, as digests for the identity of a run.

Equal weights do not make equal models: a changed preprocessing step in the code of a model changes every score.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any

from torch import nn

from robustbench_endo.io_utils import file_sha256

_RECORDED = {"robustbench_endo", "torch", "torchvision", "timm", "numpy", "numba", "scipy", "pandas", "pyarrow", "PIL"}
"""Packages whose versions run.json names in any case; they are not part of a user's code."""


def code_digests(*objects: object, files: Iterable[Path] = ()) -> dict[str, str]:
    """Module or file -> its SHA-256, and package -> its version, for the code that objects consist of.

    Covered are the modules in which their classes and functions are defined and, among files that belong to no
    installed package, the modules which these import.

    Args:
        objects: models, data sets, corruptions, metrics, functions.
        files: further files by name, such as an adapter or the code of a factory.
    """
    digests: dict[str, str] = {}
    namespaces: dict[int, Mapping[str, Any]] = {}
    pending = [namespace for item in objects for namespace in _namespaces_of(item, digests)]
    while pending:
        namespace = pending.pop()
        if id(namespace) in namespaces:
            continue
        namespaces[id(namespace)] = namespace
        path = _file_of(namespace)
        if path is not None and not _is_installed(path):
            digests[_name_of(namespace, path)] = file_sha256(path)
            pending += _imported(namespace)
        elif path is not None:
            digests |= _package_version(str(namespace.get("__name__", "")))
    return dict(sorted((digests | {path.name: file_sha256(path) for path in files if path.is_file()}).items()))


def _namespaces_of(item: object, digests: dict[str, str]) -> Iterator[Mapping[str, Any]]:
    """The module namespaces of the code of an object; code of ``__main__`` is added to the digests itself."""
    for code in _code_of(item, set()):
        module = str(getattr(code, "__module__", "") or "")
        if module == "__main__":
            digests[f"__main__.{getattr(code, '__qualname__', '')}"] = _source_sha256(code)
        elif module.partition(".")[0] not in _RECORDED | set(sys.stdlib_module_names):
            namespace = _namespace(code, module)
            if namespace is not None:
                yield namespace


def _code_of(item: object, visited: set[int] | None = None) -> Iterator[Any]:
    """Classes and functions that an object consists of; ``visited`` has the ids of objects that refer to it."""
    visited = set() if visited is None else visited
    if id(item) in visited:  # a module may hold a method of its own, as programs of torch.export do
        return
    visited.add(id(item))
    if isinstance(item, functools.partial):
        for part in (item.func, *item.args, *item.keywords.values()):
            yield from _code_of(part, visited)
    elif isinstance(item, MethodType):
        yield from _code_of(item.__self__, visited)
        yield item.__func__
    elif isinstance(item, (FunctionType, type)):
        yield item
    elif isinstance(item, nn.Module):
        for part in item.modules():
            yield from type(part).__mro__
            yield from _attributes(vars(part).values(), visited)
            yield from _attributes((*part._forward_pre_hooks.values(), *part._forward_hooks.values()), visited)
    else:
        yield from type(item).__mro__
        yield from _attributes(vars(item).values() if hasattr(item, "__dict__") else (), visited)


def _attributes(values: Iterable[object], visited: set[int]) -> Iterator[Any]:
    """Functions, and classes of objects, that an object holds, such as a transform."""
    for value in values:
        if isinstance(value, (FunctionType, MethodType, functools.partial)):
            yield from _code_of(value, visited)
        else:
            yield type(value)


def _namespace(code: Any, module: str) -> Mapping[str, Any] | None:
    """The globals of a function, or of the first method of a class, whose module need not be importable by name."""
    functions = (
        [code] if isinstance(code, FunctionType) else list(vars(code).values()) if isinstance(code, type) else []
    )
    for function in functions:
        plain = inspect.unwrap(getattr(function, "__func__", function))
        if isinstance(plain, FunctionType) and plain.__module__ == module:
            return plain.__globals__
    return vars(sys.modules[module]) if module in sys.modules else None


def _imported(namespace: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Namespaces of the modules that a module has imported, or imported something from."""
    for value in list(namespace.values()):
        if isinstance(value, ModuleType):
            module = value.__name__
        elif isinstance(value, (FunctionType, type)):
            module = str(value.__module__)
        else:
            continue
        top = module.partition(".")[0]
        if module in sys.modules and top not in _RECORDED and top not in sys.stdlib_module_names:
            yield vars(sys.modules[module])


def _file_of(namespace: Mapping[str, Any]) -> Path | None:
    file = namespace.get("__file__")
    path = Path(str(file)) if file else None
    return path if path is not None and path.is_file() else None


def _name_of(namespace: Mapping[str, Any], path: Path) -> str:
    """A name that does not depend on the machine."""
    name = str(namespace.get("__name__", ""))
    return path.name if not name or name.startswith("robustbench_endo_plugin_") else name


@functools.lru_cache(maxsize=1)
def _library_folders() -> tuple[Path, ...]:
    return tuple({Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def _is_installed(path: Path) -> bool:
    resolved = path.resolve()
    return any(resolved.is_relative_to(folder) for folder in _library_folders())


def _package_version(module: str) -> dict[str, str]:
    top = module.partition(".")[0]
    if not top or top in _RECORDED or top in sys.stdlib_module_names:
        return {}
    for distribution in _distributions().get(top, ()):
        try:
            return {distribution: version(distribution)}
        except PackageNotFoundError:
            continue
    return {}


@functools.lru_cache(maxsize=1)
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


def _source_sha256(code: Any) -> str:
    """Of code in a notebook or script, which may not be a file."""
    try:
        source = inspect.getsource(code)
    except (OSError, TypeError):
        source = repr(getattr(code, "__qualname__", code))
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
