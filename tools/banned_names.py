"""Reject names and phrases that this project does not use.

``python tools/banned_names.py [FILE ...]`` is part of ``make lint``. It checks the names that Python files define
(variables, arguments, functions, classes, attributes, keyword arguments, imports) and the prose of README,
documentation and command-line help. Each finding is printed as ``file:line: name: write X instead``; the exit code is 1
if there is one. To add a rule, add a line to one of the tables below.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = ("corruptions", "robustbench_endo", "reports", "benchmarks", "docs", "examples", "tests", "tools")
PROSE_FILES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/**/*.md")
HELP_TEXTS = "robustbench_endo/cli/"

WORDS: Mapping[str, str] = {
    "ahead": "prefetch, next_<thing>",
    "alone": "only",
    "answer": "prediction, output, response",
    "answers": "predictions, outputs, responses",
    "asked": "requested, selection",
    "back": "restored, reloaded, inverse",
    "beside": "reference, sibling, folder",
    "chosen": "selected",
    "coming": "next_<thing>, pending",
    "drawn": "sampled, rendered, image",
    "found": "matches, detected, or the noun of what it holds",
    "given": "args, options, or the noun of what it holds",
    "held": "held_out (a split), retained, locked",
    "hold": "retain, contain, lock",
    "house": "package, repository",
    "judged": "evaluated, scored",
    "kept": "retained, selected, state_keys",
    "listed": "entries, files, rows",
    "lost": "missing, n_failed",
    "made": "created, built, result",
    "parted": "split, parsed",
    "picture": "image, figure",
    "pictures": "images, figures",
    "place": "device, position, path, module",
    "places": "devices, positions, paths, modules",
    "room": "package, space, margin",
    "rooms": "packages",
    "said": "message, output",
    "seen": "visited, known, input_images",
    "shown": "visible, displayed, rows",
    "told": "message, reported",
    "wanted": "expected, required, requested",
    "whole": "full, complete, total",
}
"""Private vocabulary: rejected as any name, in upper or lower case, with or without underscores around it."""

VARIABLES: Mapping[str, str] = {
    "left": "remaining (the left of a box stands together with right or top)",
    "own": "original, local, or the noun of what it holds",
}
"""Rejected as the name of a variable or an argument."""

PAIRS: Mapping[str, Sequence[str]] = {"left": ("right", "top")}
"""A name of ``VARIABLES`` is fine in a function that also defines one of these."""

OLD_NAMES: Mapping[str, str] = {
    "AHEAD": "PREFETCH",
    "Again": "ReloadableModel",
    "Answer": "Prediction",
    "Asked": "CorruptionSelection",
    "Card": "ModelCard",
    "CleanFrames": "CleanReference",
    "Combined": "AggregatedGradient",
    "Content": "ReportData",
    "Cube": "ScoreArray",
    "Damage": "CorruptedBatch",
    "Damaged": "CorruptedBatch",
    "Endurance": "RelativeRobustness",
    "FAREWELL": "<NAME>_TIMEOUT_S",
    "Family": "MetricGroup",
    "ForeignModel": "ExternalModel",
    "HeatTable": "ScoreTable",
    "Job": "EvaluationConfig",
    "Joined": "ConcatDataset",
    "Listed": "ImageFolderBase",
    "Loaded": "LoadedModel",
    "Loader": "PrefetchLoader",
    "Loop": "TrainStep",
    "OneSentenceGroup": "ErrorHandlingGroup",
    "Outcome": "CellResult",
    "PATIENCE": "<NAME>_TIMEOUT_S",
    "Parcel": "RayPayload",
    "Part": "ConditionRecords, Subset",
    "Pixels": "Px",
    "QUANTITIES": "METRICS",
    "Quantity": "MetricInfo",
    "Reached": "EnvelopeCell",
    "Request": "EvaluationConfig",
    "Rivals": "PairwiseComparison",
    "Safety": "OperatingEnvelope",
    "Sampled": "ScoreResult",
    "Sampler": "ScoreEstimator",
    "Segmented": "SegmentationBatch",
    "ShardDone": "ShardResult",
    "Sheet": "GalleryGrid",
    "Shot": "GalleryImage",
    "Shown": "CorruptedPrediction",
    "Silence": "SilentFailures",
    "Spread": "Estimate",
    "TOGETHER": "CHUNKS_PER_TASK",
    "Units": "ResamplingUnits",
    "Work": "EvaluationPlan",
    "Workshop": "ExperimentRunner",
    "as_contract": "to_logits_dict",
    "ask": "predict",
    "at_the_edge": "clopper_pearson",
    "catalogue": "registry",
    "chunked": "split_chunks",
    "deaf": "unresponsive",
    "dose": "distortion",
    "exhausted": "should_stop",
    "families": "metric_groups",
    "few_numbers": "aggregates",
    "flying": "pending",
    "in_memory": "run_with_oom_fallback",
    "in_portions": "run_in_batches",
    "judge": "compute_metrics",
    "own_columns": "custom_columns",
    "records_at": "evaluate_condition",
    "tried": "run_with_oom_fallback",
    "unanswered": "invalid_prediction, n_invalid",
}
"""Names that were replaced, and by what: rejected where they are defined, imported or passed, case-sensitive."""

PHRASES: Mapping[str, str] = {
    r"pictures?": "image(s), figure(s)",
    r"the house": "the repository",
    r"(?<!operating\s)rooms?": "package(s), space",
    r"drawn (scenes?|frames?)": "synthetic scenes, synthetic frames",
    r"beside each other": "side by side",
    r"other people's": "other implementations",
    r"said openly": "(leave out)",
    r"nobody is told": "silent",
    r"told": "reported, given",
    r"judged": "evaluated",
    r"(made|drawn) again": "reproduced, rebuilt",
    r"to the (same )?(bit|byte)s?": "bit-identical, identical results",
    r"whole or not at all": "atomically",
    r"goes on (where|from)": "resumes",
    r"a row a[n]? \w+": "one row per ...",
    r"at most this many": "at most N, maximum number of",
    r"the usual way": "a conventional pipeline",
    r"took turns": "were interleaved",
    r"know nothing of each other": "are independent",
    r"yardstick": "reference, threshold",
    r"at arm's length": "roughly",
    r"gets bad": "degrades",
}
"""Phrases in README, documentation and help texts, as regular expressions between word boundaries, in any case."""

ALLOWED: Mapping[str, Mapping[str, str]] = {}
"""File -> name or phrase -> why it is right there. An entry that allows nothing is an error."""


@dataclass(frozen=True, order=True)
class Finding:
    """A banned name or phrase.

    Attributes:
        file: path relative to the repository.
        line: counted from 1.
        name: as it is written there.
        instead: what to write.
    """

    file: str
    line: int
    name: str
    instead: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.name}: write {self.instead} instead"


@dataclass(frozen=True)
class Binding:
    """A name that a file defines or passes as a keyword.

    Attributes:
        name: the identifier.
        line: counted from 1.
        kind: variable, argument, attribute, function, class, keyword or import.
        scope: number of the function, class or module whose name it is.
    """

    name: str
    line: int
    kind: str
    scope: int


def bindings(node: ast.AST, scope: int = 0, *, in_class: bool = False) -> Iterator[Binding]:
    """All names that a syntax tree defines, with those of keyword arguments.

    Args:
        node: the tree.
        scope: number of the scope around it.
        in_class: whether that scope is a class, whose variables are attributes.
    """
    for name, line, kind in _names(node):
        yield Binding(name, line, "attribute" if in_class and kind == "variable" else kind, scope)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        scope, in_class = id(node), isinstance(node, ast.ClassDef)
    for child in ast.iter_child_nodes(node):
        yield from bindings(child, scope, in_class=in_class)


def _names(node: ast.AST) -> Iterator[tuple[str, int, str]]:
    """(name, line, kind) of what one node defines, not those inside it."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()):
            yield name, node.lineno, "variable"
        case ast.Attribute(attr=name, ctx=ast.Store()):
            yield name, node.lineno, "attribute"
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name, node.lineno, "function"
        case ast.ClassDef(name=name):
            yield name, node.lineno, "class"
        case ast.arg(arg=name):
            yield name, node.lineno, "argument"
        case ast.keyword(arg=str(name)):
            yield name, node.lineno, "keyword"
        case ast.alias(name=name, asname=asname):
            yield asname or name.rpartition(".")[2], node.lineno, "import"
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name, node.lineno, "variable"
        case ast.MatchMapping(rest=str(name)):
            yield name, node.lineno, "variable"


def _replacement(binding: Binding, neighbours: set[str]) -> str | None:
    """What to write instead of a name; None where the name is fine."""
    name = binding.name.strip("_")
    if name.lower() in WORDS:
        return WORDS[name.lower()]
    if name in OLD_NAMES:
        return OLD_NAMES[name]
    if binding.kind in ("variable", "argument") and neighbours.isdisjoint(PAIRS.get(name, ())):
        return VARIABLES.get(name)
    return None


def check_names(file: str, tree: ast.AST) -> Iterator[Finding]:
    """Banned names that a Python file defines."""
    defined = list(bindings(tree))
    scopes: dict[int, set[str]] = defaultdict(set)
    for binding in defined:
        scopes[binding.scope].add(binding.name)
    for binding in defined:
        instead = _replacement(binding, scopes[binding.scope])
        if instead is not None:
            yield Finding(file, binding.line, binding.name, instead)


CODE = re.compile(r"^ *```.*?^ *```|<!--.*?-->|``.*?``|`[^`\n]*`|(?<=\])\([^)\s]*\)|<[^>\n]*>", re.M | re.S)
"""Parts of Markdown and of docstrings that are not prose: code, comments, addresses of links, HTML tags."""

_PATTERNS = {re.compile(r"\b(?:{})\b".format(key.replace(" ", r"\s+")), re.I): PHRASES[key] for key in PHRASES}
"""Compiled ``PHRASES``; a phrase may continue on the next line."""


def check_prose(file: str, text: str, first_line: int = 1) -> Iterator[Finding]:
    """Banned phrases in Markdown or in a help text that starts at ``first_line``."""
    prose = CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    for pattern, instead in _PATTERNS.items():
        for match in pattern.finditer(prose):
            line = first_line + prose.count("\n", 0, match.start())
            yield Finding(file, line, " ".join(match[0].split()), instead)


def check_help(file: str, tree: ast.AST) -> Iterator[Finding]:
    """Banned phrases in the docstrings, help texts and messages of a file of the command line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from check_prose(file, node.value, node.lineno)


def check_file(root: Path, path: Path) -> list[Finding]:
    """All findings in one file, those of ``ALLOWED`` included."""
    file, text = path.relative_to(root).as_posix(), path.read_text("utf-8")
    if path.suffix != ".py":
        return sorted(check_prose(file, text))
    tree = ast.parse(text, file)
    help_texts = check_help(file, tree) if file.startswith(HELP_TEXTS) else ()
    return sorted({*check_names(file, tree), *help_texts})


def files_to_check(root: Path) -> list[Path]:
    """Python files and prose of a checkout."""
    python = [path for folder in PYTHON for path in (root / folder).rglob("*.py")]
    prose = [path for pattern in PROSE_FILES for path in root.glob(pattern)]
    return sorted({*python, *prose})


def without_allowed(
    findings: Iterable[Finding], allowed: Mapping[str, Mapping[str, str]]
) -> tuple[list[Finding], list[str]]:
    """Findings that are not allowed, and the entries of ``allowed`` that allow nothing, as ``file: name``."""
    findings = list(findings)
    present = {(finding.file, finding.name) for finding in findings}
    rejected = [finding for finding in findings if finding.name not in allowed.get(finding.file, {})]
    unused = [f"{file}: {name}" for file, names in allowed.items() for name in names if (file, name) not in present]
    return rejected, unused


def main(arguments: Sequence[str] | None = None) -> int:
    """Print all findings; return 1 if there are any, else 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", nargs="*", type=Path, help="files to check; by default all")
    options = parser.parse_args(arguments)
    known = files_to_check(ROOT)
    selected = {path.resolve() for path in options.files}
    findings = [finding for path in known if not selected or path in selected for finding in check_file(ROOT, path)]
    rejected, unused = without_allowed(findings, ALLOWED)
    for finding in rejected:
        print(finding)
    for entry in () if selected else unused:
        print(f"tools/banned_names.py: ALLOWED: {entry}: nothing there needs it: delete the entry")
    if rejected:
        n_files = len({finding.file for finding in rejected})
        print(f"{len(rejected)} banned names and phrases in {n_files} files", file=sys.stderr)
    return 1 if rejected or (unused and not selected) else 0


if __name__ == "__main__":
    sys.exit(main())
