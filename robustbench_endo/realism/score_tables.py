"""Scores of models as CSV tables, at a recorded and at a synthetic condition, and their rank correlation."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from robustbench_endo.errors import DataError
from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.realism.rank_correlation import RankCorrelation, check_models, correlate

Scores = Mapping[str, Mapping[str, float]]
"""Model -> subject -> score."""


def correlate_tables(recorded: Path, synthetic: Path, draws: int = 1000) -> RankCorrelation:
    """Spearman's rank correlation of the models that two tables have in common.

    Args:
        recorded, synthetic: CSV files with the columns ``model`` and ``score`` and, for an interval, ``subject``: the
            patient or sequence. Subjects are resampled in each table independently, unless both have the same ones.
        draws: number of resamples of the interval.

    Raises:
        DataError: a table that cannot be read, without these columns, with a score that is no number, or with gaps.
        RunError: fewer than 6 models in common.
    """
    first, second = read_scores(recorded), read_scores(synthetic)
    models = [model for model in first if model in second]
    check_models(len(models))
    paired = set(first[models[0]]) == set(second[models[0]])
    real, other = _as_array(first, models), _as_array(second, models)
    ends = correlate(real, other, draws, paired)
    return RankCorrelation("score", recorded.stem, synthetic.stem, len(models), len(real), *ends)


def read_scores(path: Path) -> Scores:
    """The scores of a table; all are of one subject where it names none.

    Raises:
        DataError: see :func:`correlate_tables`.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"Cannot read {path}: {error}. Check the path.") from error
    if not rows or not {"model", "score"} <= set(rows[0]):
        raise DataError(f"Expected a table with the columns model and score, got {path}: name them in its first line.")
    scores: dict[str, dict[str, float]] = {}
    for number, row in enumerate(rows, 2):
        subjects = scores.setdefault(row["model"], {})
        subject = row.get("subject") or ""
        if subject in subjects:
            raise DataError(f"Expected one score for each model and subject, got two in line {number} of {path}.")
        subjects[subject] = _number(row["score"], f"line {number} of {path}")
    expected = set(next(iter(scores.values())))
    for values in scores.values():
        if set(values) != expected:
            missing = sorted(expected ^ set(values))[0]
            raise DataError(f"Expected scores of all models for the same subjects, got {missing} not of all: {path}.")
    return scores


def _number(text: str | None, source: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"Expected a number as score, got {text!r} in {source}.")
    return value


def _as_array(scores: Scores, models: Sequence[str]) -> Floats:
    """(subjects, models), subjects in alphabetical order."""
    subjects = sorted(scores[models[0]])
    return np.array([[scores[model][subject] for model in models] for subject in subjects])
