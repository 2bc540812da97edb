"""Measure the structure of the source folders and compare it with the targets of the project.

``python tools/structure.py`` reads the files and takes about a second; it is part of ``make lint``. With ``--run`` it
also measures what needs running code: imported modules, CPU time and the stack from ``rb.evaluate`` to a model. With
``--list`` it names every file behind a missed target instead of the first few. The exit code is 1 where a target is
missed, except by the rows of ``EXCEPTIONS``, which fail above the limit stated there.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from source_files import ROOT, Repository, line_span

FILES = (260, 320)
SMALL_FILE = 30
LINES_PER_FILE = (150, 260, 350)
LINES_PER_FUNCTION = (6, 24)
CODE_LINES_PER_FUNCTION = (5, 20)
SOURCE_LINES = 36_000
CODE_LINES = 25_054
TEST_NAME = re.compile(r"test(_[a-z0-9]+){2,}")
TEST_NAME_LENGTH = 80

FEATURES = (
    "features added after the targets were set: statistics by subject, floors, mask codings, draws, seeds, checksums "
    "and replays of runs, vetting of model files, signals and faults, content areas, endo-surgical, severities, "
    "realism, GPU kernels and their validation, adapters of torchmetrics, Lightning, torchvision, Hugging Face and "
    "experiment trackers, occlusion-aware scores, acceptance gates, failure detection, conformal risk control, "
    "evidence packs, stored predictions, submissions, rankings"
)

EXCEPTIONS: Mapping[str, tuple[Sequence[int], str]] = {
    "lines per function: median / p95": ((7, 26), "docstrings list arguments, returns, errors and an example"),
    "lines of code per function: median / p95": (
        (6, 20),
        "adapters of other libraries check and convert arguments, one statement per case",
    ),
    "source files without __init__.py": ((680,), FEATURES),
    "source lines": ((88_000,), f"docstrings list arguments, returns, errors and an example; {FEATURES}"),
    "lines of code": ((56_000,), FEATURES),
}
"""Row whose target is missed -> limit that fails instead, and why. The table prints these rows as missed."""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        label: what is measured.
        value: as printed.
        target: as printed.
        met: whether the value meets the target.
        offenders: files or functions that miss it, the worst first.
        numbers: the values, where the row may have a limit in ``EXCEPTIONS``.
    """

    label: str
    value: str
    target: str
    met: bool
    offenders: Sequence[str] = ()
    numbers: Sequence[int] = ()

    @property
    def accepted(self) -> bool:
        """Whether the target is met, or missed within the limit of ``EXCEPTIONS``."""
        limits = EXCEPTIONS.get(self.label, ((), ""))[0] if self.numbers else ()
        return self.met or (bool(limits) and _within(self.numbers, limits))

    @property
    def remark(self) -> str:
        """What the table says of a missed target."""
        if self.met:
            return ""
        if not self.accepted:
            return "MISSED"
        limits, reason = EXCEPTIONS[self.label]
        return f"MISSED, limit {' / '.join(f'{limit:,}' for limit in limits)}: {reason}"


def quantile(values: Sequence[int], share: float) -> int:
    """The value that ``share`` of the sorted values are below; 0 without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0


def file_count(repository: Repository) -> Row:
    """Source files without ``__init__.py``."""
    count, (low, high) = len(repository.modules), FILES
    label, target = "source files without __init__.py", f"{low}-{high}"
    return Row(label, str(count), target, low <= count <= high, numbers=(count,))


def small_files(repository: Repository) -> Row:
    """Short files that only one other file imports."""
    small = [source for source in repository.modules if source.lines < SMALL_FILE]
    single = [source for source in small if len(repository.importers[source.module]) == 1]
    offenders = [f"{s.path}: {s.lines} lines, {', '.join(repository.importers[s.module])}" for s in single]
    label = f"files under {SMALL_FILE} lines with a single importer"
    return Row(label, str(len(single)), "0", not single, offenders)


def file_lengths(repository: Repository) -> Row:
    """Lines per file."""
    lines = [source.lines for source in repository.modules]
    values = (int(statistics.median(lines or [0])), quantile(lines, 0.9), max(lines, default=0))
    longest = sorted(repository.modules, key=lambda source: -source.lines)
    offenders = [f"{source.path}: {source.lines} lines" for source in longest if source.lines > LINES_PER_FILE[2]]
    return _limits("lines per file: median / p90 / max", values, LINES_PER_FILE, offenders)


def function_lengths(repository: Repository) -> Row:
    """Lines per function, from ``def`` to its last line."""
    return _function_row(repository, "lines per function: median / p95", LINES_PER_FUNCTION, code_only=False)


def function_code_lengths(repository: Repository) -> Row:
    """Lines of code per function."""
    label = "lines of code per function: median / p95"
    return _function_row(repository, label, CODE_LINES_PER_FUNCTION, code_only=True)


def _function_row(repository: Repository, label: str, targets: Sequence[int], *, code_only: bool) -> Row:
    lengths = {
        f"{source.path}:{node.lineno} {node.name}": len(
            source.code_lines.intersection(line_span(node)) if code_only else line_span(node)
        )
        for source in repository.sources
        for node in source.functions
    }
    lines = list(lengths.values())
    values = (int(statistics.median(lines or [0])), quantile(lines, 0.95))
    longest = sorted(lengths, key=lambda name: -lengths[name])
    offenders = [f"{name}: {lengths[name]} lines" for name in longest if lengths[name] > targets[1]]
    return _limits(label, values, targets, offenders)


def _within(values: Sequence[int], limits: Sequence[int]) -> bool:
    return all(value <= limit for value, limit in zip(values, limits, strict=True))


def _limits(label: str, values: Sequence[int], limits: Sequence[int], offenders: Sequence[str] = ()) -> Row:
    met = _within(values, limits)
    value = " / ".join(f"{number:,}" for number in values)
    target = " / ".join(f"<= {limit:,}" for limit in limits)
    return Row(label, value, target, met, () if met else offenders, values)


def source_lines(repository: Repository) -> Row:
    """Lines of all source files together."""
    return _limits("source lines", (sum(source.lines for source in repository.sources),), (SOURCE_LINES,))


def code_lines(repository: Repository) -> Row:
    """Lines of code: source lines without docstrings, comments and blank lines."""
    total = sum(len(source.code_lines) for source in repository.sources)
    return _limits("lines of code", (total,), (CODE_LINES,))


def mirrored_tests(repository: Repository) -> Row:
    """Source files with behaviour that have a test at the mirrored path."""
    need = [source for source in repository.modules if source.has_behaviour]
    missing = [f"{source.path}: no {source.test_path}" for source in need if not repository.tests.get(source.test_path)]
    value = f"{len(need) - len(missing)} of {len(need)}"
    return Row("source files with a test at the mirrored path", value, "all", not missing, missing)


def test_names(repository: Repository) -> Row:
    """Test functions with a name of the form ``test_<unit>_<behaviour>``."""
    names = [(path, name) for path, tests in repository.tests.items() for name in tests]
    bad = [f"{path}: {name}" for path, name in names if len(name) > TEST_NAME_LENGTH or not TEST_NAME.fullmatch(name)]
    return Row("test names test_<unit>_<behaviour>", f"{len(names) - len(bad)} of {len(names)}", "all", not bad, bad)


STATIC = (
    file_count,
    small_files,
    file_lengths,
    function_lengths,
    function_code_lengths,
    source_lines,
    code_lines,
    mirrored_tests,
    test_names,
)


def measure(repository: Repository) -> list[Row]:
    """The targets that are checked by reading files."""
    return [check(repository) for check in STATIC]


def table(rows: Sequence[Row], limit: int | None) -> str:
    """The rows as text, each missed target with at most ``limit`` offenders (None: all)."""
    cells = [("", "today", "target", "")]
    cells += [(row.label, row.value, row.target, row.remark) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(3)]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, [*widths, 0], strict=True)).rstrip() for line in cells
    ]
    for row in rows:
        if not row.accepted and row.offenders:
            text += ["", f"{row.label}:", *(f"  {line}" for line in row.offenders[:limit])]
            if limit is not None and len(row.offenders) > limit:
                text.append(f"  ... and {len(row.offenders) - limit} more (--list)")
    return "\n".join(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 1 where a target is missed and not excepted, else 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--root", type=Path, default=ROOT, help="checkout to measure")
    parser.add_argument("--run", action="store_true", help="also measure imports, CPU time and stack frames")
    parser.add_argument("--list", action="store_true", help="name every file behind a missed target")
    options = parser.parse_args(arguments)
    rows = measure(Repository(options.root))
    if options.run:
        from structure_run import measure_running

        rows += measure_running()
    print(table(rows, None if options.list else 5))
    return 0 if all(row.accepted for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
