"""The outcome of a run: its records, their provenance, and the statistics that follow from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.metrics.base import Metric
from robustbench_endo.predictions.reader import prediction, stored_predictions
from robustbench_endo.results.actions import decide_plan, log_run
from robustbench_endo.results.compare_with import compare_with
from robustbench_endo.results.description import describe_run
from robustbench_endo.results.draws import draw_variation
from robustbench_endo.results.estimates import Conditions, ScoreEstimator, ScoreResult
from robustbench_endo.results.export import to_csv, to_json
from robustbench_endo.results.failure_detection.promise import promise
from robustbench_endo.results.failure_detection.scores import failure_detection
from robustbench_endo.results.failures import (
    check_failure_thresholds,
    failure_groups,
    failure_metrics,
    failure_records,
    invalid_predictions,
)
from robustbench_endo.results.floors import Floors
from robustbench_endo.results.gallery import GalleryFrame, read_gallery
from robustbench_endo.results.joint_failures import joint_failures
from robustbench_endo.results.kept_frames import kept_frames
from robustbench_endo.results.method_table import method_table
from robustbench_endo.results.metrics import find_metric, metric_groups, metric_names, run_metrics
from robustbench_endo.results.notebook import notebook_html
from robustbench_endo.results.operating_envelope import operating_envelope
from robustbench_endo.results.rankings.rank_results import rank_results
from robustbench_endo.results.resampling import (
    Intervals,
    Resampling,
    ResamplingUnits,
    clopper_pearson,
    jackknife_interval,
    resampling_settings,
    with_statement,
)
from robustbench_endo.results.robustness import robustness_table
from robustbench_endo.results.run_info import RunInfo
from robustbench_endo.results.schema import arrow_schema
from robustbench_endo.results.subject_notes import subject_note
from robustbench_endo.results.table import Estimand, row_formulas, severity_mean_table


@dataclass(frozen=True)
class Results(RunInfo):
    """Per-frame records of a run and its provenance.

    Attributes:
        frame: one row per frame x condition x draw x model, columns as in :mod:`robustbench_endo.results.schema`.
        info: the content of run.json.
        path: the run folder; None for records that are not on disk.
        user_metrics: user-defined metrics of the run.
        failure_points: one row per model x corruption x frame, columns as in
            :mod:`robustbench_endo.results.failure_points`; None for a run without ``failure_point``.
    """

    frame: pd.DataFrame = field(repr=False)
    info: Mapping[str, Any] = field(repr=False)
    path: Path | None = None
    user_metrics: Sequence[Metric] = field(default=(), repr=False)
    failure_points: pd.DataFrame | None = field(default=None, repr=False)

    @cached_property
    def metrics(self) -> list[Metric]:
        """The metrics of the run: those of its tasks, the distortion, user-defined ones."""
        return run_metrics(self.info, self.user_metrics)

    def metric(self, name: str) -> Metric:
        """The declaration of a metric: label, unit, direction, definition.

        Raises:
            RobustEndoError: the run does not have it.
        """
        return find_metric(self.metrics, name)

    @property
    def schema(self) -> pa.Schema:
        """The columns of ``frame``."""
        frame_metrics: dict[str, list[Metric]] = {task.name: [] for task in self.tasks}
        for metric in self.metrics:
            task = metric.task or self.tasks[-1].name
            if task in frame_metrics:
                frame_metrics[task].append(metric)
        return arrow_schema(self.tasks, self.labels, frame_metrics, self.severities)

    def scores(self, intervals: Intervals = False) -> pd.DataFrame:
        """One row per model x corruption x severity (``clean`` included): ``images`` and every metric, in its unit.

        Scores are over all draws of the frames (``--replicates``); ``images`` counts each frame once. ``n_invalid``
        counts the frames, once per draw, for which a model gave NaN or infinite logits; they enter no score. With
        intervals every metric is followed by ``<metric>_low`` and ``<metric>_high``, and ``.attrs["intervals"]`` says
        what the intervals rest on.

        Raises:
            RunError: intervals of a run without frames.
        """
        if not intervals:
            return self._scores.copy()
        estimator, confidence = self.estimator(intervals), resampling_settings(intervals).confidence
        table, sizes = self._scores.copy(), estimator.units.sizes
        ends: dict[str, tuple[Floats, Floats]] = {}
        for name, left_out, _ in estimator.without_units(estimator.names):
            point, bound = table[name].to_numpy(np.float64), self.metric(name).upper_bound
            ends[name] = jackknife_interval(point, left_out, sizes, confidence, bound)
            if bound is not None:
                ends[name] = clopper_pearson(point, ends[name], len(sizes), confidence, bound)
        for name, (low, high) in ends.items():
            position = int(table.columns.get_loc(name))
            table.insert(position + 1, f"{name}_low", low)
            table.insert(position + 2, f"{name}_high", high)
        return with_statement(table, estimator.units)

    def table(
        self, metrics: Sequence[str] | None = None, intervals: Intervals = False, estimand: Estimand = "pooled"
    ) -> pd.DataFrame:
        """Table VII: rows (category, corruption), columns (metric, model), means over severities, in the metric's unit.

        Recorded conditions are the last rows, of the category ``recorded``; they do not enter the mean over all
        corruptions. With intervals the columns have a third level, ``value``, ``low``, ``high``, and
        ``.attrs["intervals"]`` says what the intervals rest on.

        Args:
            metrics: names of metrics; None for one per task.
            intervals: whether, and how, to compute intervals.
            estimand: ``pooled`` (all frames together, as published tables), or ``subject``: the mean over patients or
                sequences of each one's own score.

        Raises:
            RobustEndoError: a metric that the run does not have.
            RunError: intervals of a run without frames.
        """
        metrics = metric_names(metrics, self.headlines)
        if estimand == "pooled" or intervals:
            return self._table(self.estimator(intervals), metrics, intervals, estimand)
        table = self._table(self.estimator(Resampling()), metrics, True, estimand)
        return table.xs("value", axis=1, level="part")

    # Functions of the run in their own files: further tables of the same rows, files, comparison, gate, trackers.
    draw_variation = draw_variation
    method_table = method_table
    to_csv = to_csv
    to_json = to_json
    compare = compare_with
    gate = decide_plan
    log_to = log_run
    rankings = rank_results
    failure_detection = failure_detection
    predictions = prediction
    stored_predictions = stored_predictions
    kept_frames = kept_frames
    promise = promise
    joint_failures = joint_failures

    def robustness(
        self, metrics: Sequence[str] | None = None, baseline: str | None = None, intervals: Intervals = False
    ) -> pd.DataFrame:
        """Summary metrics: rows (metric, aggregate), columns models; aggregates as in ``AGGREGATES``.

        Clean, the mean over the corruptions and over each category, that mean relative to clean and as a change for
        the worse, the worst 5 % of frames, the area under the curve by severity and by distortion, and with a baseline
        model mCE and relative mCE. With intervals the columns have a second level, ``value``, ``low``, ``high``.

        Args:
            metrics: names of metrics; None for one per task.
            baseline: the model that mCE is relative to.
            intervals: whether, and how, to compute intervals.

        Raises:
            RobustEndoError: a metric that the run does not have.
            UnknownNameError: a baseline that is not a model of the run.
        """
        estimator = self.estimator(intervals)
        metrics = metric_names(metrics, self.headlines)
        table = robustness_table(estimator, metrics, self.corruption_categories, baseline, Floors(self, estimator))
        return with_statement(table, estimator.units) if intervals else table

    def envelope(self, thresholds: Mapping[str, float], intervals: Intervals = True) -> pd.DataFrame:
        """The largest severity of each corruption at which the intervals of a model still clear every threshold.

        Args:
            thresholds: metric -> threshold, as a fraction for metrics in percent (0.8), else in the metric's unit.
                The lower end of the interval has to reach it where higher is better, else the upper end.
            intervals: how to compute the intervals.

        Returns:
            One row per model and corruption, see
            :func:`robustbench_endo.results.operating_envelope.operating_envelope`.

        Raises:
            RobustEndoError: no threshold, one outside its range, or a metric that the run does not have.
        """
        estimator = self.estimator(intervals or True)
        invalid = invalid_predictions(self.frame, self.tasks).astype(np.float64)
        return with_statement(operating_envelope(estimator, thresholds, estimator.count(invalid)), estimator.units)

    def failures(self, thresholds: Mapping[str, float] | None = None, intervals: Intervals = False) -> pd.DataFrame:
        """How often the prediction of each task fails, and fails silently; rows and columns as :meth:`table`.

        A failure is silent when the model's confidence is above its own 10th percentile on clean frames. A frame
        without a valid prediction has failed.

        Args:
            thresholds: task -> threshold of a failure, such as a Dice of 0.5 for ``segmentation``; None for the
                defaults of the tasks.
            intervals: whether, and how, to compute intervals.

        Raises:
            RobustEndoError: an unknown task, or a threshold outside 0 to 1.
            RunError: a model without clean records.
        """
        settings = resampling_settings(intervals) if intervals else None
        names = [metric.name for metric in failure_metrics(self.tasks)]
        records = self.failed_records(thresholds)
        estimator = ScoreEstimator(records, failure_groups(self.tasks), self._conditions, settings)
        return self._table(estimator, names, intervals)

    def units(self, intervals: Intervals = True) -> ResamplingUnits:
        """What the intervals of this run rest on: ``statement`` in one sentence, and a ``warning`` if there is one.

        Raises:
            RunError: a run without frames.
        """
        return self.estimator(intervals).units

    def estimator(self, intervals: Intervals = False) -> ScoreEstimator:
        """The scores of every condition, from which the tables are computed."""
        return self._estimator.with_resampling(resampling_settings(intervals) if intervals else None)

    @cached_property
    def _estimator(self) -> ScoreEstimator:
        num_labels = {task: len(labels) for task, labels in self.labels.items()}
        groups = metric_groups(self.metrics, num_labels, self.tasks[-1].name)
        return ScoreEstimator(self.frame, groups, self._conditions, None, self._subject_note)

    def floors(self) -> pd.DataFrame:
        """The scores of trivial predictors that see no image, from the truth: rows as :meth:`scores`, by ``floor``.

        ``background everywhere`` for masks, the most frequent label for other tasks, and its frequencies (the prior)
        for probabilities; NaN for a metric that does not follow from the truth, and for user-defined ones.
        """
        return self._floors.table()

    def floor(self, metric: str, intervals: Intervals = False) -> tuple[str, ScoreResult] | None:
        """Name and scores of the floor of a metric, as of a single model; None for a metric without one.

        Raises:
            RobustEndoError: a metric that the run does not have.
        """
        return (Floors(self, self.estimator(intervals)) if intervals else self._floors).of_metric(metric)

    @cached_property
    def _floors(self) -> Floors:
        return Floors(self, self.estimator())

    def gallery(self) -> list[GalleryFrame]:
        """The frames stored with their images and masks; empty without a run folder."""
        return [] if self.path is None else read_gallery(self.path)

    def worst_gallery(self) -> list[GalleryFrame]:
        """The frames with the largest drops, clean and corrupted; empty as above."""
        return [] if self.path is None else read_gallery(self.path, "worst")

    @property
    def plot(self) -> Any:
        """Figures on matplotlib: ``results.plot()``, severity curves, and ``results.plot.categories()``, ``heat``, ...

        The accessor is registered by :mod:`robustbench_endo.reports` under the entry point ``plot`` of
        ``robustbench_endo.results``, so that reading results does not import matplotlib.
        """
        (accessor,) = entry_points(group="robustbench_endo.results", name="plot")
        return accessor.load()(self)

    @cached_property
    def _subject_note(self) -> str:
        return subject_note(self)

    @property
    def _conditions(self) -> Conditions:
        return Conditions(self.models, self.corruptions, self.severities, self.recorded_conditions)

    @cached_property
    def _scores(self) -> pd.DataFrame:
        estimator = self.estimator()
        invalid = invalid_predictions(self.frame, self.tasks).astype(np.float64)
        first_draw = (self.frame["replicate"] == 0).to_numpy(np.float64)
        counts = {name: estimator.count(each) for name, each in (("images", first_draw), ("n_invalid", invalid))}
        points = {metric: estimator.point(metric) for metric in estimator.names}
        return pd.concat((estimator.keys, pd.DataFrame(counts).astype(int), pd.DataFrame(points)), axis=1)

    def _table(
        self,
        estimator: ScoreEstimator,
        metrics: Sequence[str],
        intervals: Intervals,
        estimand: Estimand = "pooled",
    ) -> pd.DataFrame:
        formulas = row_formulas(self.corruption_categories, self.recorded_conditions)
        table = severity_mean_table(
            estimator.results(metrics), metrics, self.models, formulas, intervals=bool(intervals), estimand=estimand
        )
        return with_statement(table, estimator.units) if intervals else table

    def failed_records(self, thresholds: Mapping[str, float] | None = None) -> pd.DataFrame:
        """The keys of the records with 0 or 1 for each task: ``<task>_failed`` and ``<task>_silent``; do not change it.

        Args:
            thresholds: as in :meth:`failures`.

        Raises:
            RobustEndoError, RunError: as :meth:`failures`.
        """
        limits = check_failure_thresholds(self.tasks, thresholds)
        key = tuple(sorted(limits.items()))
        if key not in self._failed_records:
            self._failed_records.clear()
            self._failed_records[key] = failure_records(self.frame, self.tasks, limits)
        return self._failed_records[key]

    @cached_property
    def _failed_records(self) -> dict[tuple[tuple[str, float], ...], pd.DataFrame]:
        """Those of the last thresholds: several tables of a report start from them."""
        return {}

    _repr_html_ = notebook_html
    __repr__ = describe_run
