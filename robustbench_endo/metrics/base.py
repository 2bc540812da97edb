"""The contract of a metric: everything that tables, figures and statistics need to know of it, declared once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.metrics.aggregation import Floats, ratio, values_and_counts

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

_DECLARED = ("name", "label", "unit", "scale", "higher_is_better", "description", "task", "column", "frame_column")


class Metric:
    """A metric of one task.

    A subclass sets the class attributes and writes :meth:`score`, one value per frame; the metric of a condition is
    then the mean over its frames. Where it is no mean, ``columns`` names several values per frame, whose sums over
    frames give the metric by :meth:`formula`: by default the first sum over the second. The run, its tables, curves,
    ranks, thresholds, corruption errors and reports read everything from here.

    Attributes:
        name: column of :meth:`Results.scores`.
        label: heading in tables and figures; ``name`` when empty.
        unit: ``%``, ``px``, ``% of diagonal``, ``dB`` or empty. Values in percent are stored as fractions.
        scale: factor from the stored value to the unit; 100 for a unit in percent, else 1, when not set.
        higher_is_better: direction; None for a description of the image, which has none.
        description: definition in one sentence.
        task: name of the task that is scored; None for the leading one (segmentation).
        column: column of results.parquet that :meth:`score` fills; ``name`` when empty, None without :meth:`score`.
        columns: the columns that :meth:`score` fills instead, where the metric is a formula of their sums.
        label_metric: for a mean over labels the metric of one, such as ``dice`` for ``dice[shaft]``; else empty.
        frame_column: column with the metric per frame, for the worst frames of a run; ``column`` when empty.

    >>> class BackgroundRecall(Metric):
    ...     name, label, unit, higher_is_better = "background_recall", "Background recall", "%", True
    ...     description = "Fraction of the background pixels of all frames that are labelled as background."
    ...     columns = ("background_correct", "background_pixels")
    ...
    ...     def score(self, batch):
    ...         correct = batch.counts.tp[:, 0]
    ...         return torch.stack((correct, correct + batch.counts.fn[:, 0]), dim=1)
    >>> BackgroundRecall().scale, BackgroundRecall().formula(np.array([30.0, 40.0])).item()
    (100.0, 0.75)
    """

    name: str
    label: str = ""
    unit: str = ""
    scale: float = 0.0
    higher_is_better: bool | None = None
    description: str = ""
    task: str | None = None
    column: str | None = ""
    columns: Sequence[str] = ()
    frame_column: str | None = ""
    label_metric: str = ""

    def __init__(self) -> None:
        self._values: list[Tensor] = []
        self.label = self.label or self.name
        self.scale = self.scale or (100.0 if self.unit.startswith("%") else 1.0)
        if self.columns:
            self.column = None
        elif self.column == "":
            self.column = self.name
        self.frame_column = self.column if self.frame_column == "" else self.frame_column

    def score(self, batch: Any) -> Tensor | NDArray[Any]:
        """One value per frame in the stored scale (fractions, px), (B,); NaN where the metric is not defined.

        Args:
            batch: predictions and targets of the task, such as
                :class:`~robustbench_endo.tasks.segmentation.batch.SegmentationBatch`.

        Returns:
            (B,), or (B, K) for K ``columns``; an array, or a tensor on any device. A GPU need not be waited for: the
            values of all metrics are copied to the host at once.
        """
        raise NotImplementedError(f"{type(self).__name__} has no value per frame: it is computed from stored columns")

    def statistics(self, records: pd.DataFrame, num_labels: int) -> Floats:
        """What each record adds to the sums of a condition, float64 (n, K); by default ``columns``, or the value and 1.

        Args:
            records: rows of results.parquet.
            num_labels: number of labels of the task.
        """
        if not self.columns:
            return values_and_counts(records[self.column])
        values = records[list(self.columns)].to_numpy(np.float64)
        return np.where(np.isfinite(values).all(axis=1, keepdims=True), values, 0.0)

    def formula(self, sums: Floats) -> Floats:
        """The metric of the sums (K, ...) in the stored scale; by default the first over the second."""
        return ratio(sums)

    @property
    def statistics_key(self) -> Hashable:
        """Equal for metrics that share :meth:`statistics`, which is then computed once for all of them."""
        return (self.task, type(self).statistics, *self.record_columns)

    @property
    def record_columns(self) -> tuple[str, ...]:
        """Columns of results.parquet that :meth:`score` fills."""
        return tuple(self.columns) or ((self.column,) if self.column else ())

    def score_columns(self, batch: Any) -> dict[str, Tensor]:
        """:meth:`score` by :attr:`record_columns`, float64 (B,) each, on any device."""
        import torch

        values = torch.as_tensor(self.score(batch)).double()
        return dict(zip(self.record_columns, values.unbind(1) if self.columns else (values,), strict=True))

    @property
    def upper_bound(self) -> float | None:
        """Largest value of a proportion in its unit; None for any other metric."""
        return self.scale if self.unit == "%" else None

    def frame_values(self, records: pd.DataFrame) -> Floats | None:
        """The metric of each frame in the stored scale, (n,); None for one that a single frame does not have."""
        if self.columns:
            return self.formula(records[list(self.columns)].to_numpy(np.float64).T)
        if not self.frame_column or self.frame_column not in records:
            return None
        values: Floats = records[self.frame_column].to_numpy("float64")
        return values

    @property
    def needs_class(self) -> bool:
        """Whether only the class can compute the metric from records, because it overrides statistics or formula."""
        kind = type(self)
        return kind.statistics is not Metric.statistics or kind.formula is not Metric.formula

    def describe(self) -> dict[str, Any]:
        """The declaration as JSON, stored in ``run.json``."""
        return {key: getattr(self, key) for key in (*_DECLARED, "needs_class")} | {"columns": list(self.columns)}

    def update(self, batch: Any) -> None:
        """Score the frames of a batch and store the values."""
        import torch

        self._values.append(torch.as_tensor(self.score(batch)).double().cpu())

    def compute(self) -> Tensor:
        """Values of all frames since :meth:`reset`, float64 (N,)."""
        import torch

        return torch.cat(self._values) if self._values else torch.empty(0, dtype=torch.float64)

    def reset(self) -> None:
        """Remove all stored values."""
        self._values.clear()


class StoredMetric(Metric):
    """A user's metric as ``run.json`` declares it: its class is not needed to read a run."""

    def __init__(self, declaration: Mapping[str, Any]) -> None:
        for key in declaration.keys() & {*_DECLARED, "columns"}:
            setattr(self, key, declaration[key])
        super().__init__()


class ImageSSIM(Metric):
    """Structural similarity of corrupted and clean frame."""

    name, label, unit = "image_ssim", "Image SSIM", "%"
    description = "Structural similarity of corrupted and clean frame; the distortion is 1 - SSIM."


class ImagePSNR(Metric):
    """Peak signal-to-noise ratio of corrupted and clean frame."""

    name, label, unit = "image_psnr", "Image PSNR", "dB"
    description = "Peak signal-to-noise ratio of corrupted and clean frame; infinite where they are equal."


DISTORTION_METRICS: tuple[type[Metric], ...] = (ImageSSIM, ImagePSNR)
"""How much a corruption changed the image: metrics of a condition that belong to no task."""
