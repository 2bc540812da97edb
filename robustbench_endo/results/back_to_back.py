"""A model back to back with its quantised, pruned or exported twin, by severity; equivalence is tested, not assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from robustbench_endo.errors import RobustEndoError, UnknownNameError
from robustbench_endo.io_utils import write_atomically
from robustbench_endo.metrics.aggregation import Floats, mean_of_present
from robustbench_endo.results.combine import combine_runs, common_frames
from robustbench_endo.results.disagreement import disagreement
from robustbench_endo.results.estimates import ScoreArray
from robustbench_endo.results.failures import check_failure_thresholds, failure_records
from robustbench_endo.results.resampling import Resampling, counted
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.results.shares_by_scope import shares_by_scope
from robustbench_endo.results.sign_flips import sign_flip_test

ALL = "all corruptions"
"""Scope of the rows over all corruptions; the others are its categories."""

FAILING, DIFFERING = ("only_first_fails", "only_second_fails"), ("pixels_differ", "frames_differ")
"""Columns with shares of frames in percent; their intervals end with ``_low`` and ``_high``."""

NO_PREDICTIONS = (
    "Pixels that differ are not available: evaluate both models with --save-predictions all, which stores what they "
    "predict."
)


@dataclass(frozen=True)
class BackToBack:
    """Two models on the same frames.

    Every interval and test is of the differences of subjects (patients or sequences).

    Attributes:
        first, second: names of the models; differences are second - first.
        metric: name of the metric; ``unit`` of its values and differences.
        margin: of equivalence, in that unit; None without.
        table: one row per scope (all corruptions, then each category) and severity (0 is clean, once): ``first``,
            ``second``, values of all frames together; ``difference`` with ``low, high, p`` (mean over subjects,
            corrected over the severities of a scope); ``widening`` with ``widening_low, widening_high, widening_p``:
            the difference less the clean one, negative where the second model falls further and higher is better;
            ``verdict``;
            ``pixels_differ``, ``frames_differ``: shares in percent of pixels and frames where the predictions differ,
            NaN where they are not stored; ``only_first_fails``, ``only_second_fails``: shares of frames in percent;
            the ends of the intervals of shares, ``NAME_low`` and ``NAME_high``, leave out one subject at a time;
            ``subjects``.
        statement: what the intervals rest on, in one sentence.
        warnings: what to know about the numbers.
    """

    first: str
    second: str
    metric: str
    unit: str
    margin: float | None
    table: pd.DataFrame = field(repr=False)
    statement: str
    warnings: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """Whether the models are equivalent, as one sentence."""
        rows = self.table[self.table["scope"] == ALL]
        pair = f"{self.second} and {self.first}"
        if self.margin is None:
            return f"Equivalence of {pair} was not tested: no difference shown is not the same as equal; give a margin."
        outside = rows.loc[~rows["verdict"].str.startswith("equivalent"), "severity"]
        margin = f"{self.margin:g} {_points(self.unit, self.margin)}"
        if outside.empty:
            return f"{pair} are equivalent within {margin}, clean and at every severity, over all corruptions."
        levels = ", ".join("clean" if level == 0 else f"severity {level:g}" for level in outside)
        return f"Equivalence of {pair} within {margin} is not shown at: {levels}."


def back_to_back(
    runs: Results | Sequence[Results],
    first: str,
    second: str,
    metric: str | None = None,
    margin: float | None = None,
    thresholds: dict[str, float] | None = None,
    resampling: Resampling | None = None,
) -> BackToBack:
    """Compare a model with its twin at each severity.

    Args:
        runs: one run with both models, or several of the same images and protocol; a name that occurs twice is
            ``run/model``.
        first, second: the models, such as the original and its quantised twin.
        metric: with a direction; None for that of the leading task.
        margin: largest difference that does not matter, in the unit of the metric: the models are equivalent where
            the interval of two one-sided tests lies within it (Schuirmann, 1987). None does not test equivalence.
        thresholds: task -> threshold of a failed frame; None for the defaults of the tasks.
        resampling: settings of intervals and tests; None for the defaults.

    Raises:
        UnknownNameError: a model that the runs do not have.
        RunError: runs of other images, or scored in another way.
        RobustEndoError: one model twice, a metric without direction, a margin that is not positive, or intervals by
            frame.
    """
    runs = [runs] if isinstance(runs, Results) else list(runs)
    settings = resampling or Resampling()
    combined = combine_runs(runs)
    metric = metric or combined.headlines[-1]
    if not combined.corruptions:
        raise RobustEndoError("Expected a run with corruptions, got only clean frames: evaluate with --corruption all.")
    _check(combined, first, second, metric, margin, settings)
    pair, excluded = common_frames(_of_models(combined, (first, second)))
    name, scores = next(iter(pair.estimator(settings).results([metric])))
    assert scores.by_subject is not None
    order = [pair.models.index(first), pair.models.index(second)]
    tables = []
    for scope, columns in _scopes(pair).items():
        points, subjects = (_by_severity(part, order, columns) for part in (scores.point, scores.by_subject))
        tables.append(_scope_table(scope, pair, points[0], subjects, settings, margin, metric))
    table = pd.concat(tables, ignore_index=True)
    task = next(each for each in pair.tasks if each.name == (combined.metric(metric).task or pair.tasks[-1].name))
    differing = disagreement(runs, pair, first, second, task)
    for frames, names in (
        (_failing(pair, first, second, task.name, thresholds), FAILING),
        (differing.frames, DIFFERING),
    ):
        shares = _shares(pair, frames, names, settings.confidence)
        table = table.merge(shares, how="left", on=["scope", "severity"])
    warnings = [] if differing.pixels or not task.has_label_map else [NO_PREDICTIONS]
    if excluded:
        warnings.append(f"{excluded} frame-conditions without a valid prediction of both models are left out.")
    units = pair.units(settings)
    warnings += [units.warning] if units.warning else []
    unit = combined.metric(name).unit
    return BackToBack(first, second, metric, unit, margin, table, _statement(pair, settings, margin), tuple(warnings))


def _check(combined: Results, first: str, second: str, metric: str, margin: float | None, settings: Resampling) -> None:
    for name in (first, second):
        if name not in combined.models:
            raise UnknownNameError(
                f"Expected a model of the runs, got {name!r}: choose from {', '.join(combined.models)}."
            )
    if first == second:
        raise RobustEndoError(f"Expected two models to compare back to back, got {first!r} twice: name its twin.")
    if combined.metric(metric).higher_is_better is None:
        raise RobustEndoError(f"Expected a metric with a direction, got {metric!r}: choose another, such as miou.")
    if margin is not None and not (np.isfinite(margin) and margin > 0):
        raise RobustEndoError(f"Expected a margin above 0 in the unit of the metric, got {margin:g}: give 1 or 0.5.")
    if settings.unit != "subject":
        raise RobustEndoError(
            "Expected intervals by subject back to back, got intervals by frame: frames of one video are no "
            "independent evidence of equivalence; leave --bootstrap-unit out."
        )


def _of_models(results: Results, names: Sequence[str]) -> Results:
    entries = [
        {k: v for k, v in each.items() if k != "method"} for each in results.info["models"] if each["name"] in names
    ]
    frame = results.frame[results.frame["model"].isin(names)]
    return Results(frame, {**results.info, "models": entries}, results.path, results.user_metrics)


def _scopes(results: Results) -> dict[str, list[int]]:
    """Scope -> positions of its corruptions."""
    categories = list(results.corruption_categories.values())
    scopes = {name: [i for i, each in enumerate(categories) if each == name] for name in dict.fromkeys(categories)}
    return {ALL: list(range(len(categories))), **(scopes if len(scopes) > 1 else {})}


def _by_severity(scores: ScoreArray, models: Sequence[int], columns: Sequence[int]) -> Floats:
    """Clean, then the mean over some corruptions at each severity, (R, 2, 1 + severities)."""
    corrupted = mean_of_present(scores.corrupted[:, models][:, :, columns], axis=2)
    return np.concatenate((scores.clean[:, models, None], corrupted), axis=2)


def _scope_table(
    scope: str,
    results: Results,
    points: Floats,
    by_subject: Floats,
    settings: Resampling,
    margin: float | None,
    metric: str,
) -> pd.DataFrame:
    differences = by_subject[:, 1] - by_subject[:, 0]
    flips = partial(sign_flip_test, resamples=settings.resamples, seed=settings.seed, confidence=settings.confidence)
    test, widening = flips(differences), flips(differences[:, 1:] - differences[:, :1])
    inside = [None if margin is None else is_equivalent(each, margin, settings) for each in differences.T]
    sign = 1 if results.metric(metric).higher_is_better else -1
    table = pd.DataFrame(
        {
            "scope": scope,
            "severity": np.array([0, *results.severities], np.float64),
            "first": points[0],
            "second": points[1],
            "difference": test.mean,
            "low": test.low,
            "high": test.high,
            "p": test.p,
            "widening": np.append(np.nan, widening.mean),
            "widening_low": np.append(np.nan, widening.low),
            "widening_high": np.append(np.nan, widening.high),
            "widening_p": np.append(np.nan, widening.p),
            "verdict": [
                _verdict(sign * low, sign * high, within)
                for low, high, within in zip(test.low, test.high, inside, strict=True)
            ],
            "subjects": test.number.astype(int),
        }
    )
    return table if scope == ALL else table[table["severity"] > 0]


def is_equivalent(differences: Floats, margin: float, settings: Resampling) -> bool:
    """Whether the mean difference is within a margin, by two one-sided tests (Schuirmann, 1987).

    Each is at the level 1 - confidence: their intersection needs no correction, also over several severities.

    Args:
        differences: of each subject, (n,).
        margin: above 0.
        settings: of the tests.
    """
    test = sign_flip_test(
        differences[:, None],
        confidence=2 * settings.confidence - 1,
        resamples=settings.resamples,
        seed=settings.seed,
    )
    return bool(-margin < test.low[0] and test.high[0] < margin)


def _verdict(one: float, other: float, within: bool | None) -> str:
    """What the interval says, in words; its ends with the sign that makes higher better."""
    if np.isnan(one):
        return "unknown"
    low, high = min(one, other), max(one, other)
    direction = "second worse" if high < 0 else "second better" if low > 0 else ""
    if within:
        return f"equivalent, {direction}" if direction else "equivalent"
    return direction or "no difference shown"


def _failing(results: Results, first: str, second: str, task: str, thresholds: dict[str, float] | None) -> pd.DataFrame:
    """Whether only one of the models fails, of each frame and condition, in percent."""
    limits = check_failure_thresholds(results.tasks, thresholds)
    records = failure_records(results.frame, results.tasks, limits)
    keys = ["corruption", "severity", "replicate", "image_id"]
    wide = records.pivot_table(index=keys, columns="model", values=f"{task}_failed", observed=True).dropna()
    only = pd.DataFrame(index=wide.index)
    if first in wide and second in wide:
        only["only_first_fails"] = 100.0 * ((wide[first] == 1) & (wide[second] == 0))
        only["only_second_fails"] = 100.0 * ((wide[second] == 1) & (wide[first] == 0))
    return only.reset_index()


def _shares(results: Results, frames: pd.DataFrame, columns: tuple[str, str], confidence: float) -> pd.DataFrame:
    """Shares of frames by scope and severity with their intervals; NaN where they are not known."""
    if frames.empty or columns[0] not in frames:
        names = [f"{name}{part}" for name in columns for part in ("", "_low", "_high")]
        return pd.DataFrame(columns=["scope", "severity", *names]).astype(dict.fromkeys(["severity", *names], float))
    subjects = results.frame.drop_duplicates("image_id").set_index("image_id")["subject_id"]
    scopes = {
        scope: [results.corruptions[i] for i in positions] + ([CLEAN] if scope == ALL else [])
        for scope, positions in _scopes(results).items()
    }
    known = frames.assign(subject_id=frames["image_id"].map(subjects).astype(str))
    return shares_by_scope(known, columns, scopes, confidence)


def _statement(results: Results, settings: Resampling, margin: float | None) -> str:
    subjects, frames = (results.frame[name].nunique() for name in ("subject_id", "image_id"))
    tests = "" if margin is None else f"; equivalence: two one-sided tests at {1 - settings.confidence:.2g}"
    return (
        f"{100 * settings.confidence:g} % intervals from {counted(subjects, 'subject')} (patients or sequences, "
        f"{counted(frames, 'frame')}) "
        f"by flipping the signs of their differences, corrected over the severities{tests}."
    )


def _points(unit: str, number: float) -> str:
    return unit if unit != "%" else "percentage point" if number == 1 else "percentage points"


def write_table(result: BackToBack, path: Path) -> Path:
    """Write the table as ``.csv`` or ``.json``.

    Raises:
        RobustEndoError: another ending.
    """
    if path.suffix == ".csv":
        text = result.table.to_csv(index=False)
    elif path.suffix == ".json":
        text = result.table.to_json(orient="records", indent=1)
    else:
        raise RobustEndoError(f"Expected a file that ends in .csv or .json, got {path.name!r}: rename it.")
    write_atomically(path, text.encode())
    return path
