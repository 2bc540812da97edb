"""The three stages know each other in one direction only; see CONTRIBUTING.md."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NEIGHBOURS = ("robustbench_endo.corruptions", "robustbench_endo.reports")
WIRING = ("api.py", "cli/")
"""The only places of stage 2 that may know its neighbours."""


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def names_of(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return {f"{node.module}.{alias.name}" for alias in node.names}
    return set()


def imported(path: Path) -> set[str]:
    return set().union(*map(names_of, ast.walk(ast.parse(path.read_text("utf-8")))))


def offences(folder: str, forbidden: tuple[str, ...], besides: tuple[str, ...] = ()) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(folder)
        if not path.relative_to(ROOT / folder).as_posix().startswith(besides or ("\0",))
        for name in imported(path)
        if name.startswith(forbidden)
    ]


def test_corruptions_import_nothing_of_ours():
    assert offences("corruptions", ("robustbench_endo", "reports", "corruptions")) == []


def test_stage_two_does_not_know_its_neighbours():
    assert offences("robustbench_endo", NEIGHBOURS, besides=WIRING) == []


def test_results_stand_alone():
    rooms = ("data", "models", "training", "metrics", "evaluation", "types", "api", "cli")
    forbidden = ("torch", *(f"robustbench_endo.{room}" for room in rooms))
    assert offences("robustbench_endo/results", forbidden) == []


def test_reports_import_results_and_errors_only():
    names = {name for path in modules("reports") for name in imported(path) if name.startswith("robustbench_endo")}
    allowed = ("robustbench_endo.results", "robustbench_endo.errors")
    assert [name for name in names if not name.startswith(allowed)] == []
    assert offences("reports", ("torch",)) == []


@pytest.mark.parametrize("module", ["robustbench_endo", "robustbench_endo.results", "robustbench_endo.reports"])
def test_no_torch_to_read_results(module):
    script = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_optional_packages_are_imported_where_used():
    optional = ("albumentations", "lightning", "tensorboard", "typst", "ray", "imagecorruptions")
    for folder in ("corruptions", "robustbench_endo", "reports"):
        for path in modules(folder):
            top = set().union(*map(names_of, ast.parse(path.read_text("utf-8")).body))
            assert not [name for name in top if name.startswith(optional)], path
