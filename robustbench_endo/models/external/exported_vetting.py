"""Vet a ``torch.export`` archive before torch opens it: torch evaluates texts in it and imports what they name."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import typing
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import PurePosixPath
from types import UnionType
from typing import Any

import torch
from torch._export.serde import schema

from robustbench_endo.models.external.archive import Archive, RefusedFileError, inner_names
from robustbench_endo.models.external.expressions import expression_problem, guard_problem
from robustbench_endo.models.external.operators import is_allowed
from robustbench_endo.models.weights import DAMAGED

FORBIDDEN = ("custom_obj_", "opaque_obj_")
"""Members with pickled Python objects or native classes."""

OLD_STATES = ("serialized_state_dict", "serialized_constants", "serialized_example_inputs")
"""Members of archives before torch 2.8 that hold tensors."""

NATIVE = ("aotinductor", "executorch", "mtia")
"""Folders with compiled code, which would run with the rights of the user."""

OPERATIONS = (
    "add", "and_", "eq", "floordiv", "ge", "getitem", "gt", "le", "lt", "mod", "mul", "ne", "neg", "not_", "or_", "pos",
    "sub", "truediv",
)  # fmt: skip
SYMBOLIC = ("float", "int", "ite", "max", "min", "not", "sqrt", "sum", "fresh_size")
ARITHMETIC = frozenset(
    {
        *(f"_operator.{name}" for name in OPERATIONS),
        *(f"math.{name}" for name in ("ceil", "floor", "trunc", "sqrt")),
        *(f"torch.sym_{name}" for name in SYMBOLIC),
        "torch._sym_sqrt",
    }
)
"""Functions on sizes; powers are missing, because those of large numbers do not end."""

HIGHER_ORDER = ("cond", "wrap_with_autocast", "wrap_with_set_grad_enabled")
"""Operators that run parts of the graph itself, each part at most once."""

CONTAINERS = (
    None, "builtins.tuple", "builtins.list", "builtins.dict", "collections.OrderedDict", "collections.namedtuple",
    "torch.fx.immutable_collections.immutable_list", "torch.fx.immutable_collections.immutable_dict",
)  # fmt: skip
"""Types of inputs and outputs; others are imported by name while they are read."""

NAME = re.compile(r"[A-Za-z_]\w{0,500}", re.ASCII)
PATH = re.compile(r"[\w.\-+ :/]{0,500}", re.ASCII)
"""Names of parameters and modules: without quotes or line breaks, because torch writes them into source code."""

OPERATOR = re.compile(r"torch\.ops\.(\w+)\.(\w+)(?:\.\w+)?", re.ASCII)
MAX_TEXT = 100_000


def vet_exported(archive: Archive) -> None:
    """Raise an error unless the archive is a graph of computations and tensors.

    Raises:
        RefusedFileError: it contains code, an operator that reaches outside, or a text that is no arithmetic.
    """
    for name in archive.names:
        _refuse_native(name)
    for name in archive.names:
        inner = set(inner_names(name))
        if any(each.startswith("models/") or each.rpartition("/")[2] == _PROGRAM for each in inner):
            _vet_document(archive, name, schema.ExportedProgram)
        elif any(each.endswith("_config.json") and "data/" in each for each in inner):
            _vet_document(archive, name, schema.PayloadConfig)
        elif any(each.rpartition("/")[2].startswith(OLD_STATES) or each.endswith(".pt") for each in inner):
            _vet_tensors(archive, name)


_PROGRAM = "serialized_exported_program.json"


def _refuse_native(name: str) -> None:
    path = PurePosixPath(name.lower())
    if any(part.startswith(FORBIDDEN) or part in NATIVE for part in path.parts) or path.suffix in (
        ".so",
        ".dll",
        ".pyd",
        ".dylib",
    ):
        raise RefusedFileError(name, "an object that would have to be unpickled, or compiled code")


def _vet_document(archive: Archive, name: str, kind: type) -> None:
    try:
        document = json.loads(archive.read(name))
        _walk(kind, document, "", partial(_read_pickled, archive, name))
    except RecursionError as error:
        raise RefusedFileError(name, "a document that is nested too deeply") from error
    except RefusedFileError as error:
        raise RefusedFileError(error.member or name, error.finding) from error
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise zipfile.BadZipFile(f"no program in {name}, {type(error).__name__}: {error}") from error


def _read_pickled(archive: Archive, config: str, payload: Mapping[str, Any]) -> None:
    if payload.get("use_pickle"):
        _vet_tensors(archive, str(PurePosixPath(config).parent / payload["path_name"]))


def _vet_tensors(archive: Archive, name: str) -> None:
    """Refuse a pickle of anything but tensors, and one whose tensors this machine cannot hold."""
    if archive.is_empty(name):
        return
    content = archive.zip.read(name)
    if content.startswith(b"PK"):
        Archive(io.BytesIO(content))
    with warnings.catch_warnings():  # torch warns about pickle protocols before it refuses them
        warnings.simplefilter("ignore")
        try:
            torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        except DAMAGED as error:
            raise RefusedFileError(name, "something that would have to be unpickled or run") from error
        try:
            # As torch.export does it; were it to fail there, torch would fall back to unpickling everything.
            torch.load(io.BytesIO(content), weights_only=True)
        except DAMAGED as error:
            raise RefusedFileError(name, "tensors of a device that is missing here") from error


def _walk(kind: Any, value: Any, field: str, payload: Callable[[Mapping[str, Any]], None]) -> None:
    """Check every text of a document by the dataclass that torch reads it into, as torch itself walks it."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        _walk(arguments[0], value, field, payload)
    elif isinstance(kind, (str, typing.ForwardRef)):
        _walk(getattr(schema, kind if isinstance(kind, str) else kind.__forward_arg__), value, field, payload)
    elif origin in (typing.Union, UnionType):
        if value is not None:
            _walk(arguments[0], value, field, payload)
    elif dataclasses.is_dataclass(kind):
        _walk_record(kind, value, payload)
    elif origin is list:
        for each in _typed(value, list, field):
            _walk(arguments[0], each, field, payload)
    elif origin is dict:
        for key, each in _typed(value, dict, field).items():
            _check_key(field, key)
            _walk(arguments[1], each, f"{field}[{key}]" if field.endswith("metadata") else field, payload)
    elif kind is str:
        _check_text(field, _typed(value, str, field))
    elif value is not None or kind is not bool:
        _check_number(kind, value, field)


def _walk_record(kind: Any, value: Any, payload: Callable[[Mapping[str, Any]], None]) -> None:
    if kind in (schema.CustomObjArgument, schema.InputToCustomObjSpec):
        raise RefusedFileError("", "a custom object")
    if kind is schema.PayloadMeta:
        payload(value)
    hints = _hints(kind)
    for name, each in _typed(value, dict, kind.__name__).items():
        if name in hints:
            _walk(hints[name], each, f"{kind.__name__}.{name}", payload)
    if kind is schema.Graph:
        for each in value["inputs"]:
            if "as_string" in each or "as_strings" in each:
                raise RefusedFileError("", "a text as the input of a graph")


@lru_cache(maxsize=256)
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind, globalns=vars(schema), include_extras=True)


def _typed(value: Any, kind: type, field: str) -> Any:
    if not isinstance(value, kind):
        raise RefusedFileError("", f"{type(value).__name__} as {field}")
    return value


def _check_number(kind: Any, value: Any, field: str) -> None:
    named = isinstance(value, str) and kind is float and value in ("Infinity", "-Infinity", "NaN")
    if not (isinstance(value, (bool, int, float)) or value is None or named):
        raise RefusedFileError("", f"{type(value).__name__} as {field}")


def _check_key(field: str, key: str) -> None:
    if field.endswith("range_constraints"):
        _refuse(expression_problem(key))
    elif not PATH.fullmatch(key):
        raise RefusedFileError("", f"the name {key[:80]!r}")


def _check_text(field: str, text: str) -> None:
    check = TEXTS.get(field)
    if check is None:
        name, _, key = field.partition("[")
        check = _metadata(key.rstrip("]")) if name == "Node.metadata" else _free if "metadata" in name else _name
    if len(text) > MAX_TEXT:
        raise RefusedFileError("", f"a text of {len(text)} characters as {field}")
    _refuse(check(text))


def _refuse(problem: str | None) -> None:
    if problem:
        raise RefusedFileError("", problem)


def _name(text: str) -> str | None:
    return None if NAME.fullmatch(text) or not text else f"the name {text[:80]!r}"


def _path(text: str) -> str | None:
    return None if PATH.fullmatch(text) else f"the name {text[:80]!r}"


def _free(text: str) -> str | None:
    """A text that torch neither evaluates nor writes into source code."""
    return None


def _metadata(key: str) -> Callable[[str], str | None]:
    return _stack if key == "source_fn_stack" else _free


def _stack(text: str) -> str | None:
    return None if re.fullmatch(r"[\w.;,<>\-: ]*", text, re.ASCII) else f"the name {text[:80]!r}"


def _target(text: str) -> str | None:
    match = OPERATOR.fullmatch(text)
    if match and match[1] == "higher_order":
        return None if match[2] in HIGHER_ORDER else f"the operator {text[:80]}"
    allowed = text in ARITHMETIC or (match is not None and is_allowed(match[1], match[2]))
    return None if allowed else f"the operator {text[:80]}"


def _tree(text: str) -> str | None:
    _, *trees = json.loads(text)
    return next((problem for tree in trees for problem in _tree_problems(tree)), None)


def _tree_problems(tree: Mapping[str, Any]) -> Iterator[str]:
    if tree["type"] not in CONTAINERS:
        yield f"the container {str(tree['type'])[:80]}"
    context = tree["context"]
    keys = json.loads(context) if isinstance(context, str) else context
    if not (keys is None or (isinstance(keys, list) and all(_is_key(key) for key in keys))):
        yield f"the container {str(context)[:80]}"
    for child in tree["children_spec"]:
        yield from _tree_problems(child)


def _is_key(key: object) -> bool:
    return isinstance(key, int) or (isinstance(key, str) and re.fullmatch(r"\w{1,200}", key, re.ASCII) is not None)


TEXTS: Mapping[str, Callable[[str], str | None]] = {
    "SymExpr.expr_str": expression_problem,
    "ExportedProgram.guards_code": guard_problem,
    "Node.target": _target,
    "Argument.as_operator": _target,
    "ModuleCallSignature.in_spec": _tree,
    "ModuleCallSignature.out_spec": _tree,
    "Argument.as_string": _free,
    "Argument.as_strings": _free,
    "ExportedProgram.torch_version": _path,
    "InputToParameterSpec.parameter_name": _path,
    "InputToBufferSpec.buffer_name": _path,
    "InputToTensorConstantSpec.tensor_constant_name": _path,
    "BufferMutationSpec.buffer_name": _path,
    "ParameterMutationSpec.parameter_name": _path,
    "GradientToParameterSpec.parameter_name": _path,
    "ModuleCallEntry.fqn": _path,
    "PayloadMeta.path_name": _path,
}
"""The check of each text; every other one is a name."""
