"""Imports run in one direction: corruptions <- robustbench_endo <- reports; see CONTRIBUTING.md."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = "robustbench_endo"
ALLOWED_IN_REPORTS = ("robustbench_endo.reports", "robustbench_endo.results", "robustbench_endo.errors")
KNOWS_REPORTS = ("api.py", "cli/", "__init__.py")
"""The only places of robustbench_endo that may import reports."""
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
    names = {name for path in modules("corruptions") for name in imported(path) if name.startswith(OURS)}
    assert [name for name in names if not name.startswith("robustbench_endo.corruptions")] == []


def test_robustbench_endo_does_not_import_reports():
    assert violations("robustbench_endo", ("robustbench_endo.reports",), KNOWS_REPORTS) == []


def test_results_do_not_import_torch_or_the_evaluation():
    folders = ("data", "models", "training", "evaluation", "types", "api", "cli", "reports")
    forbidden = ("torch", *(f"robustbench_endo.{folder}" for folder in folders))
    assert violations("robustbench_endo/results", forbidden) == []


def test_reports_import_only_results_and_errors():
    names = {name for path in modules("reports") for name in imported(path) if name.startswith(OURS)}
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
