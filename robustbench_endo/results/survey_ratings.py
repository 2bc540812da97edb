"""Ratings of a survey: reading and checking them, and the severities that they call plausible."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robustbench_endo.errors import DataError
from robustbench_endo.results.agreement import ordinal_alpha
from robustbench_endo.results.severity import as_severity

RATINGS = ("plausible", "usable", "unusable")
"""In order: occurs in surgery; occurs, and the surgeon would go on; the surgeon would stop and clean the lens."""

RATING_COLUMNS = ("rater", "code", "rating")
KEY_COLUMNS = ("code", "image_id", "corruption", "severity")


@dataclass(frozen=True)
class Item:
    """One image of a survey.

    Attributes:
        code: its name on the sheet, which does not tell what it is.
        image_id: file name of the frame.
        corruption: name of the corruption.
        severity: 1 to 5.
    """

    code: str
    image_id: str
    corruption: str
    severity: float


@dataclass(frozen=True)
class Plausibility:
    """What the raters said of one corruption.

    Attributes:
        corruption: its name.
        shares: severity -> share of the ratings that are each of :data:`RATINGS`.
        plausible: lowest and highest severity of the range; None if there is none.
        alpha: Krippendorff's alpha (ordinal) of the raters; NaN for one rater.
    """

    corruption: str
    shares: Mapping[float, tuple[float, ...]]
    plausible: tuple[float, float] | None
    alpha: float


def read_key(path: Path) -> dict[str, Item]:
    """Code -> image of the sheet, from the file ``key.csv`` that was written with it.

    Raises:
        DataError: unreadable, other columns, or a severity that is no number.
    """
    items = {}
    for row in _rows(path, KEY_COLUMNS):
        try:
            severity = as_severity(float(row["severity"]))
        except (ValueError, OverflowError) as error:
            raise DataError(
                f"Expected severities that are numbers in {path}, got {row['severity']!r}: use the sheet's key.csv."
            ) from error
        items[row["code"]] = Item(row["code"], row["image_id"], row["corruption"], severity)
    if not items:
        raise DataError(f"Expected the images of a sheet in {path}, got none: use the key.csv of the sheet.")
    return items


def read_ratings(paths: Sequence[Path], items: Mapping[str, Item]) -> dict[str, dict[str, int]]:
    """Rater -> code -> position in :data:`RATINGS`.

    Raises:
        DataError: unreadable, other columns, an unknown code or rating, an image rated twice by a rater, or not at all.
    """
    raters: dict[str, dict[str, int]] = {}
    for path in paths:
        for row in _rows(path, RATING_COLUMNS):
            rater, code, rating = (row[name].strip() for name in RATING_COLUMNS)
            if code not in items:
                raise DataError(f"Expected codes of the sheet in {path}, got {code!r}: give the key.csv of that sheet.")
            if rating not in RATINGS:
                raise DataError(
                    f"Expected {', '.join(RATINGS)} as rating of {code} in {path}, got {rating!r}: correct it."
                )
            rated = raters.setdefault(rater, {})
            if code in rated:
                raise DataError(
                    f"Expected one rating of {code} by {rater!r}, got two, the second in {path}: remove one."
                )
            rated[code] = RATINGS.index(rating)
    for rater, rated in raters.items():
        missing = [code for code in items if code not in rated]
        if missing:
            raise DataError(
                f"Expected ratings of all {len(items)} images by {rater!r}, got {len(rated)}: rate {missing[0]}"
                + (f" and {len(missing) - 1} more." if len(missing) > 1 else ".")
            )
    if not raters:
        raise DataError(f"Expected ratings in {paths[0]}, got none: export them from the sheet.")
    return raters


def summarize(items: Mapping[str, Item], raters: Mapping[str, Mapping[str, int]]) -> list[Plausibility]:
    """What the raters said, per corruption in the order of the key."""
    corruptions = dict.fromkeys(item.corruption for item in items.values())
    return [_plausibility(name, items, raters) for name in corruptions]


def agreement(items: Iterable[Item], raters: Mapping[str, Mapping[str, int]]) -> float:
    """Krippendorff's alpha (ordinal) of the raters over images; NaN for one rater."""
    codes = [item.code for item in items]
    return ordinal_alpha(np.array([[float(rated[code]) for code in codes] for rated in raters.values()]))


def _plausibility(name: str, items: Mapping[str, Item], raters: Mapping[str, Mapping[str, int]]) -> Plausibility:
    selected = [item for item in items.values() if item.corruption == name]
    shares = {}
    for severity in sorted({item.severity for item in selected}):
        codes = [item.code for item in selected if item.severity == severity]
        counts = Counter(rated[code] for rated in raters.values() for code in codes)
        shares[severity] = tuple(counts[i] / counts.total() for i in range(len(RATINGS)))
    return Plausibility(name, shares, plausible_range(shares), agreement(selected, raters))


def plausible_range(shares: Mapping[float, Sequence[float]]) -> tuple[float, float] | None:
    """The lowest severity that most ratings do not call unusable, to the last before one that they do.

    >>> plausible_range({1: (1.0, 0.0, 0.0), 2: (0.5, 0.25, 0.25), 3: (0.0, 0.25, 0.75), 4: (0.0, 1.0, 0.0)})
    (1, 2)
    """
    passed: list[float] = []
    for severity in sorted(shares):
        if shares[severity][-1] < 0.5:
            passed.append(severity)
        elif passed:
            break
    return (passed[0], passed[-1]) if passed else None


def suite_text(extends: str, summaries: Sequence[Plausibility]) -> str:
    """A suite file with the plausible severities of each corruption that has some."""
    tables = [
        f"[{summary.corruption}]\nplausible = [{summary.plausible[0]}, {summary.plausible[1]}]\n"
        for summary in summaries
        if summary.plausible is not None
    ]
    return "\n".join([f'extends = "{extends}"\n', *tables])


def _rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = [{name: row.get(name) or "" for name in columns} for row in reader]
            names = tuple(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"Cannot read {path}: {error}. Check the path.") from error
    if not set(columns) <= set(names):
        raise DataError(f"Expected the columns {', '.join(columns)} in {path}, got {', '.join(names) or 'none'}.")
    return rows
