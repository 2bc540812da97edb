"""The outcome of a run: records, where they come from, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from robustbench_endo.results.bootstrap import Bootstrap, ResamplingUnits, clopper_pearson, interval
from robustbench_endo.results.estimates import ScoreEstimator, Shape, top
from robustbench_endo.results.failures import FAILURES, agreement_table, failure_groups, failure_records
from robustbench_endo.results.frame_statistics import metric_groups
from robustbench_endo.results.gallery import GalleryFrame, read_gallery
from robustbench_endo.results.html_repr import notebook_table
from robustbench_endo.results.operating_envelope import envelope
from robustbench_endo.results.robustness import robustness_table
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.results.table import severity_mean_table

Intervals = bool | Bootstrap
"""True: 95 % intervals with the settings of :class:`Bootstrap` as they stand; or settings of one's own."""


@dataclass(frozen=True)
class Results:
    """Per-image records of a run and its provenance.

    Attributes:
        frame: one row an image x condition x model, columns as in :mod:`robustbench_endo.results.schema`.
        info: the content of run.json.
        path: the run folder; None for records without one.
    """

    frame: pd.DataFrame = field(repr=False)
    info: Mapping[str, Any] = field(repr=False)
    path: Path | None = None

    @property
    def models(self) -> list[str]:
        """Names of the models, in the order they were given."""
        return [entry["name"] for entry in self.info["models"]]

    @property
    def corruption_categories(self) -> dict[str, str]:
        """Corruption -> category, in the order of the suite, without clean."""
        return {entry["name"]: entry["category"] for entry in self.info["corruptions"]}

    @property
    def corruptions(self) -> list[str]:
        """Names of the corruptions, in the order of the suite, without clean."""
        return list(self.corruption_categories)

    @property
    def recorded_conditions(self) -> list[str]:
        """Names of the recorded conditions beside the corruptions; older runs and most data have none."""
        return [entry["name"] for entry in self.info.get("recorded_conditions", ())]

    @property
    def severities(self) -> list[int]:
        """The severities of the run, without 0."""
        return list(self.info["severities"])

    @property
    def classes(self) -> list[str]:
        """Names of the mask labels."""
        return list(self.info["data"]["classes"])

    @property
    def activities(self) -> list[str]:
        """Names of the activities."""
        return list(self.info["data"]["activities"])

    @property
    def protocol(self) -> str:
        """``standard`` or ``endoarss``: numbers of the two never stand in one table."""
        return str(self.info.get("protocol", "standard"))

    def scores(self, intervals: Intervals = False) -> pd.DataFrame:
        """A row per model x corruption x severity (``clean`` included): ``images`` and every quantity, in its unit.

        ``invalid_predictions`` counts the frames for which a model gave NaN or infinite logits: they enter no score.
        With intervals every quantity is followed by ``<quantity>_low`` and ``<quantity>_high``, and
        ``.attrs["intervals"]`` says what was resampled.

        Raises:
            RunError: intervals of a run without frames.
        """
        if not intervals:
            return self._scores.copy()
        sampler = self.sampler(intervals)
        table, number, level = self._scores.copy(), sampler.units.number, _settings(intervals).level
        ends = {}
        for name, draws in sampler.draws(sampler.names):
            point = table[name].to_numpy(np.float64)
            ends[name] = interval(point, draws, number, level)
            if (most := top(name)) is not None:
                ends[name] = clopper_pearson(point, ends[name], number, level, most)
        for name, (low, high) in ends.items():
            place = int(table.columns.get_loc(name))
            table.insert(place + 1, f"{name}_low", low)
            table.insert(place + 2, f"{name}_high", high)
        return _told(table, sampler.units)

    def table(self, metrics: Sequence[str] = ("accuracy", "miou"), intervals: Intervals = False) -> pd.DataFrame:
        """Table VII: rows (category, corruption), columns (metric, model), means over severities, in the metric's unit.

        Recorded conditions follow below the mean over all corruptions, which they do not enter, as the category
        ``recorded``.

        With intervals the columns have a third level, ``value``, ``low``, ``high``, and ``.attrs["intervals"]`` says
        what was resampled.

        Raises:
            RobustEndoError: a metric that the run does not hold.
            RunError: intervals of a run without frames.
        """
        sampler = self.sampler(intervals)
        table = severity_mean_table(
            sampler.sampled(metrics),
            metrics,
            self.corruption_categories,
            self.models,
            self.recorded_conditions,
            intervals=bool(intervals),
        )
        return _told(table, sampler.units) if intervals else table

    def robustness(
        self,
        metrics: Sequence[str] = ("accuracy", "miou"),
        baseline: str | None = None,
        intervals: Intervals = False,
    ) -> pd.DataFrame:
        """The run in few numbers: rows (metric, aggregate), columns models; aggregates as in ``AGGREGATES``.

        Clean, mean over the corruptions and over each category, that mean relative to clean and as a change for the
        worse, worst 5 % of frames, area under the curve by severity and by measured dose, and with a baseline model
        mCE and relative mCE. With intervals the columns have a second level, ``value``, ``low``, ``high``.

        Raises:
            RobustEndoError: a metric that the run does not hold.
            UnknownNameError: a baseline that is no model of the run.
        """
        sampler = self.sampler(intervals)
        table = robustness_table(sampler, metrics, self.corruption_categories, baseline)
        return _told(table, sampler.units) if intervals else table

    def envelope(self, require: Mapping[str, float], intervals: Intervals = True) -> pd.DataFrame:
        """How strong each corruption may be while intervals clear every threshold; a row a model x corruption.

        Args:
            require: metric -> threshold, as a share for metrics in percent (0.8), else in the metric's unit. Where more
                is better the lower end has to reach it, else the upper end must not pass it.

        Returns:
            ``model, corruption, severity`` (largest safe one with all below; 0: only clean frames are; <NA>: not even
            those), ``distortion`` there (1 - image SSIM) and ``limit``: what fails at the next severity, empty for
            nothing.

        Raises:
            RobustEndoError: no threshold, one outside its range, or a metric that the run does not hold.
        """
        sampler = self.sampler(intervals or True)
        return _told(envelope(sampler, require), sampler.units)

    def failures(self, dice: float = 0.5, intervals: Intervals = False) -> pd.DataFrame:
        """How often a task fails, and fails silently; rows and columns as :meth:`table`, in percent.

        A mask fails below a Dice of ``dice`` in its frame, an activity where it is wrong, both where the model gave no
        answer. A failure is silent while the model's confidence is above its own 10th percentile on clean frames.

        Raises:
            RobustEndoError: a threshold outside 0 to 1.
            RunError: a model without clean records.
        """
        settings = _settings(intervals) if intervals else None
        sampler = ScoreEstimator(failure_records(self.frame, dice), failure_groups(), self._shape, settings)
        table = severity_mean_table(
            sampler.sampled(FAILURES),
            FAILURES,
            self.corruption_categories,
            self.models,
            self.recorded_conditions,
            intervals=bool(intervals),
        )
        return _told(table, sampler.units) if intervals else table

    def agreement(self, dice: float = 0.5, intervals: Intervals = False) -> pd.DataFrame:
        """Do the two tasks fail on the same frames? A row a model, over all corrupted frames; failures as above.

        Returns:
            Shares of frames in percent where neither, one, or both tasks fail, and their correlation ``phi``.

        Raises:
            RobustEndoError, RunError: as :meth:`failures`.
        """
        settings = _settings(intervals) if intervals else None
        records = failure_records(self.frame, dice)
        records = records[~records["corruption"].isin(self.recorded_conditions)]
        table = agreement_table(records, self.models, settings)
        return _told(table, self.resampling(intervals)) if intervals else table

    def resampling(self, intervals: Intervals = True) -> ResamplingUnits:
        """What intervals of this run resample: ``statement`` in one sentence, ``warning`` where it is not categories.

        Raises:
            RunError: a run without frames.
        """
        return self.sampler(intervals).units

    def sampler(self, intervals: Intervals = False) -> ScoreEstimator:
        """The scores of every condition, as the formulas of robustness need them."""
        settings = _settings(intervals) if intervals else None
        found = metric_groups(self.frame, len(self.classes), max(1, len(self.activities)), self.protocol)
        return ScoreEstimator(self.frame, found, self._shape, settings)

    def gallery(self) -> list[GalleryFrame]:
        """The frames kept with their pictures and masks; empty without a run folder."""
        return [] if self.path is None else read_gallery(self.path)

    def worst_gallery(self) -> list[GalleryFrame]:
        """The frames of the deepest falls, each with its clean picture and the one it failed on; empty as above."""
        return [] if self.path is None else read_gallery(self.path, "worst")

    @property
    def plot(self) -> Any:
        """Figures on matplotlib: ``results.plot.severity()``, ``categories``, ``heat``, ``calibration``, ``envelope``.

        The accessor is registered by :mod:`robustbench_endo.reports` under the entry point ``plot`` of
        ``robustbench_endo.results``, so that reading results does not import matplotlib.
        """
        (accessor,) = entry_points(group="robustbench_endo.results", name="plot")
        return accessor.load()(self)

    @property
    def _shape(self) -> Shape:
        return Shape(self.models, self.corruptions, self.severities, self.recorded_conditions)

    @cached_property
    def _scores(self) -> pd.DataFrame:
        sampler = self.sampler()
        points = {name: sampler.point(name) for name in sampler.names}
        return pd.concat((sampler.keys, sampler.counts(), pd.DataFrame(points)), axis=1)

    def _repr_html_(self) -> str:
        return notebook_table(self)

    def __repr__(self) -> str:
        conditions = len(self.corruptions) * len(self.severities) + (CLEAN in set(self.frame["corruption"]))
        frames = self.frame["image_id"].nunique()
        return f"Results({len(self.models)} models x {frames} frames x {conditions} conditions, path={self.path})"


def _settings(intervals: Intervals) -> Bootstrap:
    return intervals if isinstance(intervals, Bootstrap) else Bootstrap()


def _told(table: pd.DataFrame, units: ResamplingUnits) -> pd.DataFrame:
    table.attrs |= {"intervals": units.statement, "warning": units.warning}
    return table
