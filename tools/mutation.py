"""Mutation score of the metrics and statistics: how many small faults in the code their tests notice.

A mutant is a file with one operator, constant or function exchanged. Its mirrored tests run first, then
those of all metrics together; a mutant that both pass has survived. Tests run in a process
forked from one that has the libraries loaded, on a copy of the package, so that the checkout is never changed.

    python tools/mutation.py [--per-file 12] [--seed 0] [--only results/sign_flips.py] [--out FILE]
"""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "robustbench_endo"
TARGETS = (
    "metrics/aggregation.py", "metrics/calibration.py", "metrics/overlap.py", "metrics/mask_ssim.py",
    "tasks/segmentation/metrics.py", "tasks/segmentation/score.py", "tasks/segmentation/endoarss.py",
    "tasks/classification/metrics.py", "tasks/classification/score.py", "tasks/classification/endoarss.py",
    "results/combine.py", "results/comparison.py", "results/draws.py", "results/estimates.py", "results/failures.py",
    "results/floors.py", "results/metrics.py", "results/operating_envelope.py", "results/resampling.py",
    "results/robustness.py", "results/sample_size.py", "results/sign_flips.py", "results/subject_notes.py",
    "results/table.py", "results/tail_risk.py",
)  # fmt: skip
LAST = (
    str(ROOT / "tests" / "robustbench_endo" / "results" / "test_results.py"),
    str(ROOT / "tests" / "science" / "test_known_answers.py"),
)
"""Tests of all metrics together: stored values, and models with known answers."""

PRELOADED = (
    "numpy",
    "pandas",
    "scipy.stats",
    "scipy.special",
    "pyarrow.parquet",
    "torch",
    "pytest",
    "PIL.Image",
    "hypothesis",
)
TIMEOUT_S = 300
TARGET = 0.8

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.FloorDiv: ast.Mult, ast.MatMult: ast.Mult, ast.Mod: ast.Mult,
}  # fmt: skip
_FUNCTIONS = {
    "maximum": "minimum", "minimum": "maximum", "max": "min", "min": "max", "any": "all", "all": "any",
    "nanmax": "nanmin", "nanmin": "nanmax", "argmax": "argmin", "argmin": "argmax", "cumsum": "cumprod",
    "isnan": "isfinite",    "isfinite": "isnan", "sum": "mean", "mean": "sum", "notna": "isna", "isna": "notna",
}  # fmt: skip
_DROPPED = {"abs", "sqrt"}
EQUIVALENT: dict[tuple[str, str, str], str] = {
    (
        "metrics/mask_ssim.py",
        "pred.device.type == 'cuda'",
        "pred.device.type != 'cuda'",
    ): "both paths give equal values",
    ("tasks/classification/metrics.py", "0.0", "1.0"): "the confidence of a record that does not count",
    (
        "results/sample_size.py",
        "len(left_out) * point - (len(left_out) - 1) * left_out",
        "len(left_out) * point + (len(left_out) - 1) * left_out",
    ): "a shift and a sign that no variance shows",
}
"""(file, before, after) of mutants that behave as the original, and why; they do not count."""


@dataclass(frozen=True)
class Mutant:
    """A changed file.

    Attributes:
        target: path in the package.
        line: number of the changed line.
        before, after: the changed expression.
        source: of the file.
    """

    target: str
    line: int
    before: str
    after: str
    source: str


def mutants(target: str) -> Iterator[Mutant]:
    """Every mutant of a file."""
    text = (PACKAGE / target).read_text("utf-8")
    tree = ast.parse(text)
    ignored = _ignored(tree)
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in ignored:
            continue
        for position in range(len(list(_changes(node)))):
            changed = ast.parse(text)
            copied = next(item for i, item in enumerate(ast.walk(changed)) if i == index)
            before = ast.unparse(node)
            replacement = list(_changes(copied))[position]
            _replace(changed, copied, replacement)
            after = ast.unparse(replacement)
            if before != after:
                yield Mutant(target, getattr(node, "lineno", 0), before, after, ast.unparse(changed))


def _changes(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions that replace a node."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for kind in _COMPARISONS.get(type(node.ops[0]), ()):
            yield ast.Compare(node.left, [kind()], node.comparators)
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        yield ast.BinOp(node.left, _OPERATORS[type(node.op)](), node.right)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not, ast.Invert)):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and _is_plain(node.value):
        yield ast.Constant(node.value + 1)
    elif isinstance(node, ast.Call):
        yield from _calls(node)


def _is_plain(value: float) -> bool:
    """Not a guard against division by zero or overflow, which no result shows."""
    return value == 0 or 1e-6 < abs(value) < 1e6


def _calls(node: ast.Call) -> Iterator[ast.expr]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in _DROPPED and len(node.args) == 1:
        yield node.args[0]
    if name in _FUNCTIONS:
        other = _FUNCTIONS[name]
        function = (
            ast.Attribute(node.func.value, other, ast.Load())
            if isinstance(node.func, ast.Attribute)
            else ast.Name(other, ast.Load())
        )
        yield ast.Call(function, node.args, node.keywords)


def _replace(tree: ast.AST, old: ast.AST, new: ast.expr) -> None:
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list) and any(item is old for item in value):
                setattr(parent, field, [new if item is old else item for item in value])
    ast.fix_missing_locations(tree)


def _ignored(tree: ast.AST) -> set[int]:
    """The ids of annotations, decorators, defaults, parts of messages, and what only type checkers read."""
    hidden: list[ast.AST | None] = []
    for parent in ast.walk(tree):
        if isinstance(parent, (ast.FunctionDef, ast.ClassDef)):
            hidden += parent.decorator_list
        if isinstance(parent, ast.FunctionDef):
            arguments = parent.args
            hidden += [parent.returns, *(each.annotation for each in (*arguments.args, *arguments.kwonlyargs))]
            hidden += [*arguments.defaults, *arguments.kw_defaults]
        if isinstance(parent, ast.AnnAssign):
            hidden.append(parent.annotation)
        if isinstance(parent, (ast.Raise, ast.JoinedStr, ast.Assert)):
            hidden.append(parent)
        if isinstance(parent, ast.If) and "TYPE_CHECKING" in ast.unparse(parent.test):
            hidden.append(parent)
        if isinstance(parent, ast.Call) and getattr(parent.func, "id", "") == "zip":
            hidden += [keyword for keyword in parent.keywords if keyword.arg == "strict"]
    return {id(child) for item in hidden if item is not None for child in ast.walk(item)}


def is_equivalent(mutant: Mutant) -> bool:
    """Whether a mutant is listed as equal in behaviour."""
    return (mutant.target, mutant.before, mutant.after) in EQUIVALENT


def survives(mutant: Mutant, copy_of_package: Path) -> bool:
    """Whether the mirrored tests of a mutant pass, and those of all metrics together."""
    path = copy_of_package / "robustbench_endo" / mutant.target
    original = path.read_text("utf-8")
    path.write_text(mutant.source, "utf-8")
    try:
        folder = ROOT / "tests" / "robustbench_endo" / Path(mutant.target).parent
        mirrored = folder / f"test_{Path(mutant.target).name}"
        stages = [[str(mirrored)]] if mirrored.is_file() else []
        return all(_passes(stage, copy_of_package) for stage in [*stages, list(LAST)])
    finally:
        path.write_text(original, "utf-8")


def passes_unchanged(target: str, folder: Path) -> bool:
    """Whether the tests of a file pass on the unchanged code."""
    source = (PACKAGE / target).read_text("utf-8")
    return survives(Mutant(target, 0, "", "", source), folder)


def _passes(tests: list[str], copy_of_package: Path) -> bool:
    """Run tests in a forked process; a crash or a time-out is a failure, because a mutant may never end."""
    if not tests:
        return True
    process = multiprocessing.get_context("fork").Process(target=_run_tests, args=(tests, str(copy_of_package)))
    process.start()
    process.join(TIMEOUT_S)
    if process.is_alive():
        process.kill()
        process.join()
        return False
    return process.exitcode == 0


def _run_tests(tests: list[str], copy_of_package: str) -> None:
    import pytest

    sys.path.insert(0, copy_of_package)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--rootdir", str(ROOT), "-W", "ignore"]
    os._exit(int(pytest.main([*options, "-m", "not slow", *tests])))


def copy_package() -> Path:
    """A copy of the package in a new folder."""
    folder = Path(tempfile.mkdtemp(prefix="mutation-"))
    package = folder / "robustbench_endo"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("corruptions", "reports"):
        shutil.copytree(ROOT / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def select(targets: Sequence[str], per_file: int, seed: int) -> list[Mutant]:
    """A random sample of the mutants of each file; the same seed selects the same ones."""
    selected: list[Mutant] = []
    for target in targets:
        candidates = [mutant for mutant in mutants(target) if not is_equivalent(mutant)]
        selected += random.Random(f"{seed}{target}").sample(candidates, min(per_file, len(candidates)))
    return selected


def measure(selected: Sequence[Mutant], folder: Path) -> list[Mutant]:
    """The mutants that survive, printed as they do."""
    survivors = []
    for mutant in selected:
        if survives(mutant, folder):
            survivors.append(mutant)
            print(f"survived: {describe(mutant)}", flush=True)
    return survivors


def describe(mutant: Mutant) -> str:
    """File, line and change."""
    return f"{mutant.target}:{mutant.line}: {mutant.before} -> {mutant.after}"


def main() -> int:
    """Measure, print and save; 1 below the target, 2 where tests fail without a mutant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--per-file", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for name in PRELOADED:
        importlib.import_module(name)
    selected, start = select(options.only or TARGETS, options.per_file, options.seed), time.perf_counter()
    folder = copy_package()
    try:
        by_folder = {Path(mutant.target).parent: mutant.target for mutant in selected}
        if broken := [target for target in by_folder.values() if not passes_unchanged(target, folder)]:
            print(f"Expected tests that pass on unchanged code, got failures in the folders of {', '.join(broken)}.")
            return 2
        survivors = measure(selected, folder)
    finally:
        shutil.rmtree(folder)
    score, seconds = 1 - len(survivors) / len(selected), time.perf_counter() - start
    print(f"{len(selected) - len(survivors)} of {len(selected)} mutants noticed ({score:.1%}) in {seconds:.0f} s")
    if options.out:
        counts = Counter(mutant.target for mutant in selected)
        content = {"score": score, "mutants": counts, "seed": options.seed, "survivors": [*map(describe, survivors)]}
        options.out.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    return int(score < TARGET)


if __name__ == "__main__":
    sys.exit(main())
