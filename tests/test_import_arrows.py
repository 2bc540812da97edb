"""Imports run in one direction: corruptions <- robustbench_endo <- reports; see CONTRIBUTING.md."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "robustbench_endo"
ALLOWED_IN_REPORTS = tuple(
    f"robustbench_endo.{module}"
    for module in (
        *("reports", "results", "errors", "io_utils", "metrics.base", "metrics.aggregation", "tasks", "gate"),
        "submission",
    )
)
"""The results, what they consist of (metrics and tasks), their gate and their submissions."""
IMPORTS_REPORTS = ("cli/", "__init__.py")
"""The only modules of robustbench_endo that may import reports."""
OPTIONAL = ("albumentations", "lightning", "tensorboard", "typst", "ray", "imagecorruptions")


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def names_of(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        return {f"{node.module}.{alias.name}" for alias in node.names}
    return set()


def imported(path: Path) -> set[str]:
    return set().union(*map(names_of, ast.walk(ast.parse(path.read_text("utf-8")))))


def violations(folder: str, forbidden: tuple[str, ...], excluded: tuple[str, ...] = ()) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(folder)
        if not path.relative_to(ROOT / folder).as_posix().startswith(excluded or ("\0",))
        for name in imported(path)
        if name.startswith(forbidden)
    ]


def test_corruptions_import_only_corruptions():
    names = {name for path in modules("corruptions") for name in imported(path) if name.startswith(PACKAGE)}
    assert [name for name in names if not name.startswith("robustbench_endo.corruptions")] == []


def test_robustbench_endo_does_not_import_reports():
    assert violations("robustbench_endo", ("robustbench_endo.reports",), IMPORTS_REPORTS) == []


def test_results_do_not_import_torch_or_the_evaluation():
    folders = ("data", "models", "training", "evaluation", "types", "cli", "reports")
    forbidden = ("torch", *(f"robustbench_endo.{folder}" for folder in folders))
    assert violations("robustbench_endo/results", forbidden) == []


def test_reports_import_only_results_and_errors():
    names = {name for path in modules("reports") for name in imported(path) if name.startswith(PACKAGE)}
    assert [name for name in names if not name.startswith(ALLOWED_IN_REPORTS)] == []
    assert violations("reports", ("torch",)) == []


@pytest.mark.parametrize("module", ["robustbench_endo", "robustbench_endo.results", "robustbench_endo.reports"])
def test_reading_results_does_not_import_torch(module):
    script = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_optional_packages_are_imported_where_used():
    for folder in ("corruptions", "robustbench_endo", "reports"):
        for path in modules(folder):
            top = set().union(*map(names_of, ast.parse(path.read_text("utf-8")).body))
            assert not [name for name in top if name.startswith(OPTIONAL)], path


CORRUPT = """
import numpy as np, robustbench_endo as rb
rb.corrupt(np.zeros((64, 64, 3), np.uint8), "gaussian_noise", severity=1)
"""


@pytest.mark.parametrize(
    ("code", "limit", "unused"),
    [
        ("import robustbench_endo", 10, ("torch", "numba", "numpy", "pandas")),
        pytest.param(
            CORRUPT,
            115,
            ("matplotlib", "ray", "pandas", "robustbench_endo.training", "robustbench_endo.reports"),
            marks=pytest.mark.slow,
        ),
    ],
    ids=["import", "corrupt"],
)
def test_imported_modules_of_the_package_are_few(code, limit, unused):
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    names = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    assert len([name for name in names if name.startswith(PACKAGE)]) <= limit
    assert [name for name in unused if name in names] == []
