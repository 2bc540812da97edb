"""The source files and tests of a checkout, as ``tools/structure.py`` measures them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "robustbench_endo"
FOLDERS = {"corruptions": f"{PACKAGE}.corruptions", PACKAGE: PACKAGE, "reports": f"{PACKAGE}.reports"}
"""Source folder -> import name; the three install as one package (``package_dir`` in setup.cfg)."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class SourceFile:
    """A parsed source file.

    Attributes:
        path: relative to the repository.
        module: its import name.
        text: its content.
        package: whether it is an ``__init__.py``.
    """

    path: PurePosixPath
    module: str
    text: str
    package: bool

    @cached_property
    def lines(self) -> int:
        """Number of lines, blank lines and docstrings included."""
        return len(self.text.splitlines())

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text, str(self.path))

    @cached_property
    def functions(self) -> list[Function]:
        """Functions and methods, nested ones included."""
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]

    @cached_property
    def docstring_lines(self) -> set[int]:
        """Numbers of the lines of docstrings, of modules, classes, functions and attributes."""
        strings = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        ]
        return {line for node in strings for line in line_span(node)}

    @cached_property
    def code_lines(self) -> set[int]:
        """Numbers of the lines that are not blank, a comment or part of a docstring."""
        lines = enumerate(self.text.splitlines(), start=1)
        code = {number for number, line in lines if line.strip() and not line.lstrip().startswith("#")}
        return code - self.docstring_lines

    @property
    def has_behaviour(self) -> bool:
        """Whether the file defines a function or a class, and so needs a test."""
        return any(isinstance(node, Function | ast.ClassDef) for node in self.tree.body)

    @property
    def test_path(self) -> PurePosixPath:
        """Where its test belongs: ``tests/<folder>/test_<name>.py``; a leading underscore of the name is dropped."""
        return PurePosixPath("tests") / self.path.parent / f"test_{self.path.stem.lstrip('_')}.py"


@dataclass(frozen=True)
class Repository:
    """A checkout: its source files and its tests.

    Attributes:
        root: folder of the checkout.
    """

    root: Path = ROOT

    @cached_property
    def sources(self) -> list[SourceFile]:
        """All source files, sorted by path."""
        return [
            _read(self.root, path, module)
            for folder, module in FOLDERS.items()
            for path in sorted((self.root / folder).rglob("*.py"))
        ]

    @cached_property
    def modules(self) -> list[SourceFile]:
        """Source files without ``__init__.py``."""
        return [source for source in self.sources if not source.package]

    @cached_property
    def tests(self) -> dict[PurePosixPath, list[str]]:
        """Path of each test file -> names of its test functions."""
        paths = sorted((self.root / "tests").rglob("test_*.py"))
        return {PurePosixPath(path.relative_to(self.root).as_posix()): _test_names(path) for path in paths}

    @cached_property
    def importers(self) -> dict[str, set[str]]:
        """Import name of a module -> source files that import it, directly or as a name of a package."""
        names = {source.module for source in self.sources}
        exports = {source.module: _exports(self.root, source, names) for source in self.sources if source.package}
        importers: dict[str, set[str]] = {name: set() for name in names}
        for source in self.sources:
            for name in _references(source):
                for module in _resolve(name, names, exports) - {source.module}:
                    importers[module].add(str(source.path))
        return importers


def _read(root: Path, path: Path, folder_module: str) -> SourceFile:
    relative = PurePosixPath(path.relative_to(root).as_posix())
    parts = relative.with_suffix("").parts[1:]
    package = path.name == "__init__.py"
    module = ".".join([folder_module, *(parts[:-1] if package else parts)])
    return SourceFile(relative, module, path.read_text("utf-8"), package)


def _test_names(path: Path) -> list[str]:
    tree = ast.parse(path.read_text("utf-8"), str(path))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name.startswith("Test")]
    bodies = [tree.body, *(node.body for node in classes)]
    return [
        node.name for body in bodies for node in body if isinstance(node, Function) and node.name.startswith("test")
    ]


def _imports(tree: ast.Module, package: str) -> Iterator[tuple[str, str]]:
    """(bound name, dotted name) of every import; relative imports are resolved against ``package``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            above = parents[: len(parents) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((alias.asname or alias.name, f"{base}.{alias.name}") for alias in node.names)


def _references(source: SourceFile) -> Iterator[str]:
    """Dotted names that a file imports or names in a string, as tables of lazily imported commands do."""
    package = source.module if source.package else source.module.rpartition(".")[0]
    yield from (name for _, name in _imports(source.tree, package))
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(f"{PACKAGE}."):
            yield node.value.partition(":")[0]


def _exports(root: Path, source: SourceFile, names: set[str]) -> dict[str, str]:
    """Name that a package offers -> module that it comes from, by ``__init__.py`` and ``__init__.pyi``."""
    stub = root / source.path.with_suffix(".pyi")
    trees = [source.tree, *([ast.parse(stub.read_text("utf-8"))] if stub.is_file() else [])]
    pairs = [pair for tree in trees for pair in _imports(tree, source.module)]
    return {bound: name for bound, name in pairs if _longest(name, names) is not None}


def _longest(name: str, names: set[str]) -> str | None:
    """The known module that a dotted name is, or is an attribute of."""
    while name and name not in names:
        name = name.rpartition(".")[0]
    return name or None


def _resolve(name: str, names: set[str], exports: Mapping[str, Mapping[str, str]]) -> set[str]:
    """The modules behind a dotted name: the package that it names and the module that the package takes it from."""
    module = _longest(name, names)
    if module is None:
        return set()
    attribute = name[len(module) + 1 :]
    source = exports.get(module, {}).get(attribute)
    return {module} if source is None or source == name else {module} | _resolve(source, names, exports)


def line_span(node: ast.stmt) -> range:
    """Numbers of the lines of a statement."""
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)
