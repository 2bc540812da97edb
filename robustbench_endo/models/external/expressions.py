"""Symbolic expressions in ``torch.export`` programs, which torch evaluates as Python: only arithmetic is allowed."""

from __future__ import annotations

import ast
import re
from functools import lru_cache

MAX_LENGTH = 50_000
"""Longest expression: that of a transformer with windows and free height and width has 13,000 characters."""

MAX_EXPONENT = 64
"""Largest product of nested exponents: the evaluation of 9 ** 9 ** 9 would not end."""

MAX_NUMBER = 2**64
MAX_PRECISION = 1_000

NUMBERS = ("Integer", "Float", "Rational", "Symbol")
POWERS = ("Pow", "PowByNatural", "FloatPow", "LShift", "RShift")
FUNCTIONS = frozenset(
    {
        *NUMBERS, *POWERS, "Abs", "Add", "And", "CeilDiv", "CeilToInt", "CleanDiv", "Eq", "Equality", "FloatTrueDiv",
        "FloorDiv", "FloorToInt", "Ge", "GreaterThan", "Gt", "Identity", "IntTrueDiv",
        "IsNonOverlappingAndDenseIndicator", "Le", "LessThan", "Lt", "Max", "Min", "Mod", "ModularIndexing", "Mul",
        "Ne", "Not", "Or", "Piecewise", "PythonMod", "RoundDecimal", "RoundToInt", "StrictGreaterThan",
        "StrictLessThan", "ToFloat", "TruncToFloat", "TruncToInt", "Unequality", "Where", "ceiling", "floor", "sqrt",
    }
)  # fmt: skip
"""Functions that torch writes into expressions."""

GUARD_FUNCTIONS = frozenset(
    {
        "Eq", "FloorDiv", "Ge", "Gt", "Le", "Lt", "Max", "Min", "Mod", "Ne", "PythonMod", "abs", "float", "int", "max",
        "min", "math.ceil", "math.floor", "math.trunc", "torch.sym_float", "torch.sym_int", "torch.sym_max",
        "torch.sym_min",
    }
)  # fmt: skip
"""Functions that torch writes into guards."""

SIZES = ("size", "stride", "storage_offset")

SYMBOL = re.compile(r"[A-Za-z_][A-Za-z_]{0,30}\d{0,6}", re.ASCII)
NUMBER = re.compile(r"-?[\d.]{1,40}(e[+-]?\d{1,3})?", re.ASCII)
ASSUMPTIONS = ("positive", "integer", "nonnegative", "real", "nonzero", "zero", "even", "odd", "negative", "finite")

_NODES = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.Constant, ast.Name, ast.Call, ast.keyword,
    ast.Load, ast.Tuple, ast.IfExp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.USub,
    ast.UAdd, ast.Not, ast.And, ast.Or, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
)  # fmt: skip


@lru_cache(maxsize=4096)
def expression_problem(text: str) -> str | None:
    """What is not arithmetic in an expression that torch hands to ``sympy.sympify``; None where all of it is.

    >>> expression_problem("Max(1, FloorDiv(s0, 2))") is None
    True
    >>> expression_problem("().__class__")
    "an Attribute in the expression '().__class__'"
    """
    return _problem(text, FUNCTIONS, guard=False)


@lru_cache(maxsize=4096)
def guard_problem(text: str) -> str | None:
    """What is not a comparison of sizes in a guard, which torch compiles as Python; None where all of it is.

    >>> guard_problem("L['x'].size()[2] // 4 != 0") is None
    True
    """
    return _problem(text, GUARD_FUNCTIONS, guard=True)


def _problem(text: str, functions: frozenset[str], guard: bool) -> str | None:
    quoted = f"the expression {text[:80]!r}"
    if len(text) > MAX_LENGTH or not text.isascii():
        return f"a text that is no arithmetic in {quoted}"
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return f"a text that is no arithmetic in {quoted}"
    sources = _sources(tree) if guard else set()
    for node in ast.walk(tree):
        if id(node) not in sources and (problem := _node_problem(node, functions)):
            return f"{problem} in {quoted}"
    if _nested_exponent(tree.body) > MAX_EXPONENT:
        return f"an exponent above {MAX_EXPONENT} in {quoted}"
    return None


def _node_problem(node: ast.AST, functions: frozenset[str]) -> str | None:
    if not isinstance(node, _NODES):
        kind = type(node).__name__
        return f"{'an' if kind[0] in 'AEIOU' else 'a'} {kind}"
    if isinstance(node, ast.Name) and not SYMBOL.fullmatch(node.id) and node.id not in functions:
        return f"the name {node.id[:40]!r}"
    if isinstance(node, ast.Constant):
        return _constant_problem(node.value)
    return _call_problem(node, functions) if isinstance(node, ast.Call) else None


def _constant_problem(value: object) -> str | None:
    if isinstance(value, (bool, int, float)):
        return "a number above 2 ** 64" if abs(value) > MAX_NUMBER else None
    # A text is the argument of Symbol or Float, see _call_problem; anywhere else sympy takes it as one too.
    return None if isinstance(value, str) and (SYMBOL.fullmatch(value) or NUMBER.fullmatch(value)) else "a text"


def _call_problem(node: ast.Call, functions: frozenset[str]) -> str | None:
    name = ast.unparse(node.func)
    if name not in functions:
        return f"a call of {name[:40]!r}"
    if not all(map(_is_setting, node.keywords)):
        return f"an argument of {name}"
    texts = [each for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if texts and not (name in ("Symbol", "Float") and len(node.args) == 1):
        return f"a text in {name}"
    return None


def _is_setting(keyword: ast.keyword) -> bool:
    value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
    if keyword.arg == "precision":
        return isinstance(value, int) and 0 < value <= MAX_PRECISION
    return keyword.arg in ASSUMPTIONS and isinstance(value, bool)


def _nested_exponent(node: ast.AST, depth: int = 0) -> float:
    """The product of the exponents along the deepest branch; infinite where one is not a small number."""
    if depth > 400:
        return float("inf")
    inner = max((_nested_exponent(child, depth + 1) for child in ast.iter_child_nodes(node)), default=1.0)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return inner * _exponent(node.right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in POWERS:
        return inner * (_exponent(node.args[1]) if len(node.args) > 1 else float("inf"))
    return inner


def _exponent(node: ast.AST) -> float:
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Integer", "Rational", "Float"):
        return max((_exponent(each) for each in node.args), default=float("inf"))
    if isinstance(node, ast.UnaryOp):
        return _exponent(node.operand)
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return max(1.0, abs(float(node.value)))
    return float("inf")


def _sources(tree: ast.AST) -> set[int]:
    """The nodes of ``L['x'].size()[1]``, which read a size of an input, and of the names of dotted functions."""
    nodes: set[int] = set()
    for node in ast.walk(tree):
        if _is_size(node) or _is_input(node):
            nodes.update(map(id, ast.walk(node)))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in GUARD_FUNCTIONS:
            nodes.update(map(id, ast.walk(node.func)))
    return nodes


def _is_size(node: ast.AST) -> bool:
    if isinstance(node, ast.Subscript):
        index = node.slice
        return isinstance(index, ast.Constant) and isinstance(index.value, int) and _is_size(node.value)
    if isinstance(node, ast.Call):
        call = node.func
        plain = not node.args and not node.keywords
        return plain and isinstance(call, ast.Attribute) and call.attr in SIZES and _is_input(call.value)
    return False


def _is_input(node: ast.AST) -> bool:
    """``L['x']``, ``L['x']['y']`` or ``L['x'][0]``."""
    if isinstance(node, ast.Name):
        return node.id == "L"
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Constant):
        return False
    key = node.slice.value
    named = isinstance(key, int) or (isinstance(key, str) and re.fullmatch(r"\w{1,100}", key, re.ASCII) is not None)
    return named and _is_input(node.value)
