"""Reading ``hazards.csv``: which corruptions stand for a hazard, and which criterion bounds its effect."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from robustbench_endo.errors import DataError, unknown_name
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.results.severity import as_severity

REQUIRED = ("id", "hazard", "corruptions", "severities", "criterion")
OPTIONAL = ("harm", "note")
COLUMNS = (*REQUIRED, *OPTIONAL)
"""Columns of the file, in any order; those of :data:`OPTIONAL` may be missing."""

MAX_HAZARDS, MAX_BYTES = 1_000, 4_000_000
ALL = "all"
"""In the cells of corruptions and severities: those of the run."""

BOUND = re.compile(r"(?P<metric>[^<>=\s]+(?:\[[^\]]*\])?)\s*(?P<sign>>=|<=)\s*(?P<threshold>[^<>=\s]+)")
"""An inline criterion, such as ``dice>=0.7`` or ``hd95<=40``."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SEPARATORS = re.compile(r"[\s,;|]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Bound:
    """An inline criterion.

    Attributes:
        metric: its name.
        threshold: as written: a fraction for a metric in percent, else in the metric's unit.
        at_least: whether the score has to reach the threshold; else it must not exceed it.
    """

    metric: str
    threshold: float
    at_least: bool

    def __str__(self) -> str:
        return f"{self.metric}{'>=' if self.at_least else '<='}{self.threshold:g}"


@dataclass(frozen=True)
class Hazard:
    """One row of the file.

    Attributes:
        id: unique name.
        text: what may happen.
        corruptions: names of the corruptions that simulate it, in the order of the row.
        severities: from the smallest; None for all of the run.
        criteria: ids of criteria of the plan, and inline bounds.
        harm: severity of the harm, as the risk management file has it; may be empty.
        note: free text.
    """

    id: str
    text: str
    corruptions: tuple[str, ...] = ()
    severities: tuple[float, ...] | None = None
    criteria: tuple[str | Bound, ...] = ()
    harm: str = ""
    note: str = ""


def read_hazards(path: str | Path, names: Mapping[str, Sequence[str]]) -> list[Hazard]:
    """The hazards of a file.

    Args:
        path: CSV with the columns of the guide to evidence packs, separated by commas, semicolons or tabs, UTF-8.
        names: what a cell of corruptions may name -> the corruptions that it stands for.

    Raises:
        DataError: no such file, no table of hazards, a value of another form, or an id that occurs twice.
        UnknownNameError: an unknown corruption.
    """
    return parse_hazards(read_bytes(Path(path)), str(path), names)


def parse_hazards(content: bytes, source: str, names: Mapping[str, Sequence[str]]) -> list[Hazard]:
    """As :func:`read_hazards`, for the content of the file; ``source`` is its name in messages.

    >>> text = b"id,hazard,corruptions,severities,criterion\\nH1,Smoke hides the tip,smoke,1-3,dice>=0.7\\n"
    >>> hazard = parse_hazards(text, "hazards.csv", {"smoke": ["smoke"]})[0]
    >>> hazard.severities, str(hazard.criteria[0])
    ((1, 2, 3), 'dice>=0.7')
    """
    hazards: dict[str, Hazard] = {}
    for line, row in _rows(_decode(content, source), source):
        hazard = _hazard(row, f"line {line} of {source}", names)
        if hazard.id in hazards:
            raise DataError(f"Expected one hazard {hazard.id} in {source}, got another in line {line}: rename one.")
        hazards[hazard.id] = hazard
    if not hazards:
        raise DataError(f"Expected at least one hazard in {source}, got only a header: add a row for each hazard.")
    if len(hazards) > MAX_HAZARDS:
        raise DataError(f"Expected at most {MAX_HAZARDS} hazards in {source}, got {len(hazards)}: split the file.")
    return list(hazards.values())


def read_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"Expected a table of hazards of at most 4 MB, got {path}: give the CSV file of hazards.")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"Cannot read {str(path)[:200]}: {reason}. Give a CSV file with --hazards.") from error


def corruption_names(results: Results) -> dict[str, list[str]]:
    """What a cell of corruptions may name -> the corruptions that it stands for.

    Corruptions and recorded conditions of the run, ``clean``, ``all`` corruptions of the run, and corruptions and
    categories of the package: those that the run does not have are listed as not covered.
    """
    from robustbench_endo.corruptions import CORRUPTIONS, load_suite

    names = {CLEAN: [CLEAN], ALL: list(results.corruptions)}
    extension = [item.name for item in load_suite("endo-surgical").corruptions]
    categories = {item.name: str(item.category) for item in CORRUPTIONS} | results.corruption_categories
    for name, category in categories.items():
        names.setdefault(category, []).append(name)
    return names | {name: [name] for name in (*categories, *results.recorded_conditions, *extension)}


def _decode(content: bytes, source: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"Expected UTF-8 text in {source}, got other bytes at position {error.start}: save it as CSV UTF-8."
        ) from error
    if match := _CONTROL.search(text.replace("\r\n", "\n").replace("\r", "\n")):
        raise DataError(f"Expected text in {source}, got the control character {match[0]!r}: save it as CSV UTF-8.")
    if not text.strip():
        raise DataError(
            f"Expected a table with the columns {', '.join(REQUIRED)} in {source}, got an empty file: add it."
        )
    return text


def _rows(text: str, source: str) -> list[tuple[int, dict[str, str]]]:
    """(number of the line, column -> text) of the rows that are not empty."""
    lines = text.splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if line.strip())
    delimiter = max(",;\t", key=lines[first].count)
    reader = csv.reader(io.StringIO("".join(lines[first:]), newline=""), delimiter=delimiter, strict=True)
    rows = []
    try:
        header = _header(next(reader), source)
        for cells in reader:
            line = first + reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) < len(header) or any(cell.strip() for cell in cells[len(header) :]):
                raise DataError(
                    f"Expected {len(header)} cells in line {line} of {source}, got {len(cells)}: quote a cell that "
                    f'contains "{delimiter}".'
                )
            rows.append((line, dict(zip(header, (" ".join(cell.split()) for cell in cells), strict=False))))
    except csv.Error as error:
        raise DataError(
            f"Cannot parse {source}: {error} in line {first + reader.line_num}. Correct its quotes."
        ) from error
    return rows


def _header(cells: Sequence[str], source: str) -> list[str]:
    header = [cell.strip().lower() for cell in cells]
    while header and not header[-1]:  # spreadsheets write the width of the widest row
        header.pop()
    if missing := [name for name in REQUIRED if name not in header]:
        raise DataError(
            f"Expected the columns {', '.join(REQUIRED)} in {source}, got no {', '.join(missing)}: add them to its "
            "first line."
        )
    if unknown := [name for name in header if name not in COLUMNS]:
        raise unknown_name("column", unknown[0], COLUMNS)
    if repeated := [name for name in COLUMNS if header.count(name) > 1]:
        raise DataError(f"Expected each column once in {source}, got {repeated[0]} twice: remove one.")
    return header


def _hazard(row: Mapping[str, str], position: str, names: Mapping[str, Sequence[str]]) -> Hazard:
    _check_words(row, position)
    corruptions: dict[str, None] = {}
    for word in _words(row["corruptions"]):
        if word not in names:
            raise unknown_name("corruption", word, names)
        corruptions |= dict.fromkeys(names[word])
    return Hazard(
        row["id"],
        row["hazard"],
        tuple(corruptions),
        parse_severities(row["severities"], position),
        tuple(_criterion(text, position) for text in _criteria(row["criterion"])),
        row.get("harm", ""),
        row.get("note", ""),
    )


def _check_words(row: Mapping[str, str], position: str) -> None:
    if not _ID.fullmatch(row["id"]):
        raise DataError(
            f"Expected an id of letters, digits, dots, hyphens and underscores in {position}, got {row['id']!r}: write "
            "one such as H1."
        )
    if not row["hazard"]:
        raise DataError(f"Expected the hazard {row['id']} in words in {position}, got none: describe what may happen.")


def _words(text: str) -> list[str]:
    return [word for word in _SEPARATORS.split(text) if word]


def _criteria(text: str) -> list[str]:
    """Criteria are separated by semicolons, bars or commas; blanks may surround the sign of a bound."""
    joined = re.sub(r"\s*(>=|<=|>|<|=)\s*", r"\1", text)
    return list(dict.fromkeys(re.findall(r"(?:\[[^\]]*\]|[^\s,;|\[])+", joined)))


def parse_severities(text: str, position: str) -> tuple[float, ...] | None:
    """The severities of a cell, from the smallest; None for ``all`` or nothing.

    >>> parse_severities("1-3, 5", "line 2"), parse_severities("all", "line 2")
    ((1, 2, 3, 5), None)
    """
    severities: set[float] = set()
    for word in _words(text):
        if word.lower() == ALL:
            return None
        first, dash, last = word.partition("-")
        ends = [_number(part) for part in ((first, last) if dash else (first, first))]
        low, high = ends
        if not (0 <= low <= high <= 5) or (dash and (low % 1 or high % 1)):
            raise DataError(
                f"Expected severities from 0 (clean) to 5 such as 1-5 or 2,4 in {position}, got {text!r}: correct them."
            )
        severities |= {float(level) for level in range(int(low), int(high) + 1)} if dash else {low}
    return tuple(as_severity(level) for level in sorted(severities)) or None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _criterion(text: str, position: str) -> str | Bound:
    if not re.search("[<>=]", text):
        return text
    match = BOUND.fullmatch(text)
    threshold = _number(match["threshold"]) if match else math.nan
    if match is None or not math.isfinite(threshold):
        raise DataError(
            f"Expected a criterion such as dice>=0.7, hd95<=40 or the id of one of the plan in {position}, got "
            f"{text!r}: correct it."
        )
    return Bound(match["metric"], threshold, match["sign"] == ">=")
