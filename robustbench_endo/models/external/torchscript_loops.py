"""Bounds of the loops in TorchScript code, from what the code itself says."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

MAX_TRIPS = 100_000
"""Most rounds of nested loops."""

TYPICAL_TRIPS = 100
"""Rounds that a loop over a list, or over the dimensions of a tensor, counts for."""

_BOUNDED = ("dim",)
"""Operators whose result is small whatever their arguments: a tensor has at most 64 dimensions."""

_REDUCING = ("sub", "floordiv", "min")
"""Operators that do not enlarge numbers that are not negative."""

_LISTS = ("List", "Dict")

Assignments = Mapping[str, Sequence[ast.AST]]


def has_long_loop(tree: ast.AST) -> bool:
    """Whether a loop has no bound that the code states, or nested loops have too many rounds together.

    >>> has_long_loop(ast.parse("for i in range(3): pass"))
    False
    >>> has_long_loop(ast.parse("for i in range(n): pass"))
    True
    """
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inside = {id(node) for function in functions for node in ast.walk(function)}
    outside = any(isinstance(node, (ast.For, ast.comprehension)) and id(node) not in inside for node in ast.walk(tree))
    if outside:  # not in any function: as if it were one without arguments
        return _rounds(tree, {}) > MAX_TRIPS
    return any(_rounds(function, _assignments(function)) > MAX_TRIPS for function in functions)


def _rounds(node: ast.AST, values: Assignments) -> int:
    """Rounds of the deepest nest of loops in a node."""
    most = 1
    for child in ast.iter_child_nodes(node):
        inner = _rounds(child, values)
        if isinstance(child, ast.For):
            inner *= _trips(child.iter, values)
        elif isinstance(child, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            for part in child.generators:
                inner *= _trips(part.iter, values)
        most = max(most, min(inner, MAX_TRIPS + 1))
    return most


def _trips(iterated: ast.AST, values: Assignments) -> int:
    if isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Name) and iterated.func.id == "range":
        if iterated.keywords or len(iterated.args) not in (1, 2):
            return MAX_TRIPS + 1
        start = 0 if len(iterated.args) == 1 else _smallest(iterated.args[0])
        return max(1, min(_largest(iterated.args[-1], values, 0) - start, MAX_TRIPS + 1))
    return TYPICAL_TRIPS if _is_list(iterated, values) else MAX_TRIPS + 1


def _smallest(node: ast.AST) -> int:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, int) and value >= 0 else -MAX_TRIPS


def _largest(node: ast.AST, values: Assignments, depth: int) -> int:
    """An upper bound of a whole number; more than allowed where none is known."""
    unknown = MAX_TRIPS + 1
    if depth > 20:
        return unknown
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return min(node.value, unknown)
    if isinstance(node, ast.Name):
        each = values.get(node.id, ())
        # A name that is assigned more than once may grow from round to round.
        return _largest(each[0], values, depth + 1) if len(each) == 1 else unknown
    operator = _operator(node)
    if not isinstance(node, ast.Call) or operator is None or not node.args:
        return unknown
    if operator in _BOUNDED:
        return TYPICAL_TRIPS
    if operator == "len":
        return TYPICAL_TRIPS if _is_list(node.args[0], values) else unknown
    if operator in _REDUCING and all(_is_positive(each) for each in node.args[1:]):
        return _largest(node.args[0], values, depth + 1)
    return unknown


def _is_positive(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value > 0


def _is_list(node: ast.AST, values: Assignments) -> bool:
    """Whether a value is a list, which exists in memory; the first dimension of a tensor may be any number."""
    if isinstance(node, (ast.List, ast.Tuple, ast.ListComp)):
        return True
    if isinstance(node, ast.Name):
        each = values.get(node.id, ())
        return bool(each) and all(not isinstance(value, ast.Name) and _is_list(value, values) for value in each)
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Name) and node.value.id in _LISTS
    is_typed = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 2
    return is_typed and node.func.id in ("annotate", "unchecked_cast") and _is_list(node.args[0], values)  # type: ignore[attr-defined]


def _operator(node: ast.AST) -> str | None:
    call = node.func if isinstance(node, ast.Call) else None
    is_torch = isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name) and call.value.id == "torch"
    return call.attr if is_torch and isinstance(call, ast.Attribute) else None


def _assignments(function: ast.FunctionDef) -> dict[str, list[ast.AST]]:
    """Name -> everything that is assigned to it, for an argument its type; an unknown value for other targets."""
    values: dict[str, list[ast.AST]] = {}
    for argument in function.args.args:
        values.setdefault(argument.arg, []).append(argument.annotation or ast.Constant(None))
    for node in ast.walk(function):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value else ast.Constant(None)
        for target in targets:
            plain = isinstance(target, ast.Name) and isinstance(node, (ast.Assign, ast.AnnAssign))
            for name in (each for each in ast.walk(target) if isinstance(each, ast.Name)) if target else ():
                values.setdefault(name.id, []).append(value if plain else ast.Constant(None))
    return values
