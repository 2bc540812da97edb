"""Vet a TorchScript archive before torch opens it: its code may read and write files and run for ever."""

from __future__ import annotations

import ast
import io
import pickletools
import re
import tokenize
import zipfile
from collections.abc import Iterator

from robustbench_endo.models.external.archive import Archive, RefusedFileError, inner_names
from robustbench_endo.models.external.operators import is_allowed, is_denied_method
from robustbench_endo.models.external.torchscript_loops import has_long_loop

BUILTINS = frozenset(
    {
        "annotate", "unchecked_cast", "uninitialized", "getattr", "hasattr", "isinstance", "range", "int", "float",
        "bool", "str", "complex", "len", "min", "max", "abs", "tuple", "list", "dict", "zip", "enumerate", "round",
        "sum", "all", "any", "divmod", "ord", "sorted", "super",
    }
)  # fmt: skip
"""Functions that have no module."""

ROOTS = ("torch", "ops", "__torch__", "CONSTANTS")
SPECIAL = ("fork", "awaitable", "print", "rpc_async", "rpc_sync", "rpc_remote")
"""Functions of TorchScript that start other threads or processes, or write."""

TYPES = ("device", "dtype", "layout", "Size", "memory_format", "Generator")
"""Names below ``torch`` that are types."""

NATIVE = "torch.classes"
QUANTIZED = re.compile(r"(__torch__\.)?torch\.classes\.quantized\.\w+PackedParamsBase", re.ASCII)

PICKLED = re.compile(
    r"__torch__\.[\w.]+|torch\.jit\._pickle\.\w+|torch\._utils\._rebuild_\w+|torch\.\w+Storage|torch\.\w+"
    r"|collections\.OrderedDict|torch\.storage\.\w+",
    re.ASCII,
)
"""Names in pickles of an archive, which torch's own reader knows; it calls nothing else."""

_STATEMENTS = (
    ast.Module, ast.ClassDef, ast.FunctionDef, ast.Return, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.If,
    ast.For, ast.Pass, ast.Delete, ast.Assert, ast.Break, ast.Continue, ast.Import, ast.ImportFrom, ast.Raise,
)  # fmt: skip


def vet_torchscript(archive: Archive) -> None:
    """Raise an error unless the code of the archive only computes.

    Raises:
        RefusedFileError: an operator that reaches outside, a native class, a loop without a bound, or code that cannot
            be parsed.
    """
    for name in archive.names:
        inner = set(inner_names(name))
        if any(each == "model.json" for each in inner):
            raise RefusedFileError(name, "the form of archives before torch 1.3, which is not vetted")
        if any(each.startswith("code/") for each in inner) and not name.lower().endswith(".debug_pkl"):
            _vet_member(archive, name)
        elif name.lower().endswith((".pkl", ".debug_pkl")):
            _vet_pickle(archive, name)


def _vet_member(archive: Archive, name: str) -> None:
    try:
        source = archive.read(name)
        _refuse_ambiguous(source, name)
        tree = ast.parse(source)
        for problem in _problems(tree):
            raise RefusedFileError(name, problem)
        if has_long_loop(tree):
            raise RefusedFileError(name, "a loop without a bound that the code states")
    except (SyntaxError, UnicodeDecodeError, RecursionError, MemoryError, tokenize.TokenError) as error:
        raise RefusedFileError(name, f"code that cannot be parsed ({type(error).__name__})") from error
    except RefusedFileError:
        raise
    except ValueError as error:  # null bytes
        raise RefusedFileError(name, f"code that cannot be parsed ({error})") from error


def _refuse_ambiguous(source: bytes, member: str) -> None:
    """Refuse texts that Python and TorchScript may split differently, so that both see the same code."""
    lines = source.decode("ascii").split("\n")
    for token in tokenize.generate_tokens(io.StringIO(source.decode("ascii"), newline="\n").readline):
        text = token.string
        if token.type == tokenize.COMMENT:
            raise RefusedFileError(member, "a comment, which torch does not write,")
        if token.type == tokenize.STRING:
            plain = text[0] in "'\"" and not text.startswith(("'''", '"""'))
            if not plain or token.start[0] != token.end[0]:
                raise RefusedFileError(member, "a text in a form that torch does not write,")
            line, start, end = token.start[0] - 1, token.start[1], token.end[1]
            lines[line] = lines[line][:start] + "_" * (end - start) + lines[line][end:]
    if re.search(r"[^\x20-\x7e\t]|\\", "".join(lines)):
        raise RefusedFileError(member, "a character that torch does not write,")


def _problems(tree: ast.Module) -> Iterator[str]:
    links = _links(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and not isinstance(node, _STATEMENTS):
            yield f"a statement {type(node).__name__.lower()!r}"
        elif isinstance(node, (ast.Lambda, ast.Await, ast.Yield, ast.YieldFrom, ast.JoinedStr)):
            yield f"an expression {type(node).__name__.lower()!r}"
        elif isinstance(node, ast.Attribute) and id(node) not in links:
            yield from _chain_problems(node)
        elif isinstance(node, ast.Name) and id(node) not in links and node.id in (*ROOTS, *SPECIAL):
            yield f"the name {node.id} as a value"
        elif isinstance(node, ast.Call):
            yield from _call_problems(node)


def _links(tree: ast.Module) -> set[int]:
    """The inner nodes of attribute chains, which are checked with the whole chain."""
    inner = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            inner.add(id(node.value))
    return inner


def _chain_problems(node: ast.Attribute) -> Iterator[str]:
    root, names = _chain(node)
    dotted = ".".join((root, *names))
    if root == "torch":
        if not (len(names) == 1 and (is_allowed("aten", names[0]) or names[0] in TYPES or _is_constant(names[0]))):
            yield f"the operator {dotted[:80]}"
    elif root == "ops":
        if not (len(names) == 2 and is_allowed(*names)):
            yield f"the operator {dotted[:80]}"
    elif root == "__torch__":
        if NATIVE in dotted and not QUANTIZED.fullmatch(dotted):
            yield f"the native class {dotted[:80]}"
    else:
        yield from (f"the operator {name}" for name in names if is_denied_method(name))


def _is_constant(name: str) -> bool:
    """Names of types and layouts such as ``torch.float32``."""
    return name in ("float", "strided", "contiguous_format", "channels_last", "preserve_format") or bool(
        re.fullmatch(r"(bfloat|float|int|uint|complex)\d+|half|double|long|short|bool", name)
    )


def _chain(node: ast.AST) -> tuple[str, list[str]]:
    """The root name of ``a.b.c`` and the names after it; an empty root where it is no name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id if isinstance(node, ast.Name) else ""), names[::-1]


def _call_problems(node: ast.Call) -> Iterator[str]:
    if not isinstance(node.func, ast.Name):
        return
    name = node.func.id
    if name in ("getattr", "hasattr"):
        key = node.args[1] if len(node.args) > 1 else None
        if not (isinstance(key, ast.Constant) and isinstance(key.value, str)) or is_denied_method(key.value):
            yield "the operator getattr of a name that is not allowed"
    elif name not in BUILTINS and not re.fullmatch(r"_\d+|[A-Z]\w*", name, re.ASCII):
        # _0 = __torch__.module.function; the right side of the assignment is checked where it is.
        yield f"the operator {name[:80]}"


def _vet_pickle(archive: Archive, name: str) -> None:
    """Refuse names that torch's reader of these pickles does not know itself, and native classes in types."""
    try:
        for opcode, argument, _ in pickletools.genops(io.BytesIO(archive.read(name))):
            if opcode.name in ("STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"):
                raise RefusedFileError(name, f"the pickle operation {opcode.name}")
            if opcode.name == "GLOBAL":
                _check_global(str(argument).replace(" ", "."), name)
            elif isinstance(argument, str) and NATIVE in argument:
                raise RefusedFileError(name, f"the native class {argument[:80]}")
    except RefusedFileError:
        raise
    except (ValueError, IndexError) as error:
        raise zipfile.BadZipFile(f"a damaged pickle in {name}, {error}") from error


def _check_global(dotted: str, member: str) -> None:
    native = NATIVE in dotted and not QUANTIZED.fullmatch(dotted)
    if native or not PICKLED.fullmatch(dotted):
        raise RefusedFileError(member, f"the name {dotted[:80]} in a pickle")
