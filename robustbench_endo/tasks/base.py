"""The contract of a task: something that models predict and data sets label.

A task is one package: it says how targets become a batch, how a model's output becomes a prediction, which columns a
prediction adds to the records, which metrics follow from these columns, when a frame has failed, and how the task is
trained. The evaluation, statistics, reports and training know tasks only through this class. Importing a task needs
neither torch nor a GPU: methods that compute import what they need.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.errors import ModelError
from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.metrics.base import Metric

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

    from robustbench_endo.tasks.prediction import Prediction
    from robustbench_endo.tasks.surround import Surround

Columns = dict[str, NDArray[np.generic]]
"""Record columns of a batch, each (B,)."""

Scores: TypeAlias = "dict[str, Tensor | NDArray[Any]]"
"""Record columns of a batch, each (B,), on any device."""

CONFIDENCE = "confidence"
"""Key under which a model may return a confidence of its own, and part of the names of the columns."""

ColumnType = Literal["float32", "int16", "int32", "int64"]


@dataclass(frozen=True)
class Column:
    """A column of results.parquet.

    Attributes:
        name: of the column.
        type: of its values; float32 columns hold NaN where a value is not defined, the others have no missing values.
        description: what it holds, with unit or range.
        repeated: whether it is one of many columns of the same kind, such as a count per class.
        optional: whether records may lack it; nothing that is computed from it is then defined.
    """

    name: str
    type: ColumnType
    description: str
    repeated: bool = False
    optional: bool = False


@dataclass(frozen=True)
class ConfidenceBins:
    """Predictions by confidence in bins of equal width over [0, 1], arrays (15,).

    Attributes:
        count: predictions in the bin.
        correct: those that are correct.
        confidence: sum of their confidences.
        frames: different frames that have a prediction in the bin.
    """

    count: Floats
    correct: Floats
    confidence: Floats
    frames: Floats


class Task(ABC):
    """One task; see the module's docstring.

    Attributes:
        name: key of the model's output dict and of ``Sample.targets``.
        title: heading in reports, such as ``Segmentation``.
        noun: what is predicted for a frame, such as ``mask``; ``plural`` of it.
        unit_noun: what has a confidence, ``pixels`` or ``frames``.
        label_attribute: attribute of a data set with the names of the labels, such as ``classes``.
        logits_shape: axes of the logits, such as ``("B", "K")``.
        headline: name of the metric that stands for the task in tables and summaries.
        calibration_metric: name of its expected calibration error.
        label_metric: the metric of :meth:`label_metrics` that reports show for each label, such as ``dice``; empty
            without.
        envelope_metric: name of the metric that the operating envelope is computed from by default; empty for the
            headline.
        has_label_map: whether the prediction is an image of labels, which reports show.
        failure_threshold: default of :meth:`failed`.
        ignored: value of a target that enters no metric and no loss.
        confidences: name of each further confidence of a prediction -> what it is; its column is
            ``<task>_confidence_<name>``.
    """

    name: str
    title: str
    noun: str
    plural: str
    unit_noun: str = "frames"
    label_attribute: ClassVar[str]
    logits_shape: tuple[str, ...] = ("B", "K")
    headline: str
    calibration_metric: str
    label_metric: str = ""
    envelope_metric: str = ""
    has_label_map: bool = False
    failure_threshold: float
    ignored: int = -1
    confidences: Mapping[str, str] = MappingProxyType(
        {
            "margin": "largest class probability less the second largest",
            "user": "returned by the model; any finite number, larger where it is more confident",
        }
    )

    def labels(self, dataset: Any) -> tuple[str, ...]:
        """Names of the labels that a data set has; empty when it does not label the task."""
        return tuple(getattr(dataset, self.label_attribute, ()))

    # Targets

    @abstractmethod
    def stack(self, targets: Sequence[Any], size: tuple[int, int]) -> Tensor:
        """Targets of a batch; None where a frame has none.

        Args:
            targets: of frames of one size, None for a frame without.
            size: height and width of the frames.
        """

    def resize(self, target: Any, size: tuple[int, int]) -> Any:
        """A target for its frame resized to ``size`` (height, width)."""
        return target

    def check_targets(self, targets: Tensor, num_labels: int) -> None:
        """Check the targets of a batch, once, on the host, before :meth:`score` relies on them.

        Args:
            targets: from :meth:`stack`.
            num_labels: labels of the data set.

        Raises:
            RobustEndoError: a target that :meth:`score` could not compare with a prediction.
        """
        return

    def warp(self, targets: Tensor, corrupted: Any) -> Tensor:
        """The targets after a corruption that moves the geometry; themselves when nothing moved.

        Args:
            targets: from :meth:`stack`.
            corrupted: :class:`~robustbench_endo.corruptions.CorruptedBatch`.
        """
        return targets

    # Predictions

    def check_logits(self, logits: Tensor, batch: int) -> None:
        """Raise ModelError unless the shape is that of the task's logits for ``batch`` frames."""
        rank = len(self.logits_shape)
        if logits.ndim != rank or logits.shape[0] != batch:
            raise ModelError(
                f"Expected {self.name} logits of rank {rank} with a batch of {batch}, got {tuple(logits.shape)}."
            )

    @abstractmethod
    def decode(self, logits: Tensor, size: tuple[int, int]) -> Prediction:
        """The prediction for frames of ``size`` (height, width)."""

    # Records

    @abstractmethod
    def columns(self, num_labels: int) -> tuple[Column, ...]:
        """Columns that a prediction adds to the records besides those of its metrics."""

    @abstractmethod
    def score(
        self,
        prediction: Prediction | None,
        targets: Tensor,
        clean_targets: Tensor,
        num_labels: int,
        metrics: Sequence[Metric],
        scale: Tensor | None = None,
        surround: Surround | None = None,
        hidden: Tensor | None = None,
    ) -> Scores:
        """Record columns of a batch; the caller copies those of a GPU to the host.

        Args:
            prediction: on the device of the targets; None for a model without the task.
            targets: after the corruption, see :meth:`warp`.
            clean_targets: before it; the same object where nothing moved.
            num_labels: labels of the data set.
            metrics: with a value per frame.
            scale: scored pixels per pixel of the original frame along rows and columns, (B, 2); None for 1.
            surround: of the frames; None if no frame has one.
            hidden: bool (B, H, W), where the corruption hides the scene; None for one that covers nothing.
        """

    @abstractmethod
    def metrics(
        self, protocol: str = "standard", settings: Mapping[str, Any] = MappingProxyType({})
    ) -> tuple[Metric, ...]:
        """The task's metrics; those that only another protocol than ``standard`` has come last.

        Args:
            protocol: of the run.
            settings: of the run's metrics, see :meth:`metric_settings`.
        """

    def metric_settings(self, options: Mapping[str, Any], labels: Sequence[str]) -> dict[str, Any]:
        """Settings of the task's metrics as JSON, stored in run.json; without entries for the defaults.

        Args:
            options: of the configuration, see :meth:`EvaluationConfig.metric_options`.
            labels: names of the labels of the data set.

        Raises:
            RobustEndoError: an option that does not fit the labels.
        """
        return {}

    def label_metrics(self, labels: Sequence[str]) -> tuple[Metric, ...]:
        """A metric of each label, named ``<metric>[<label>]``, such as ``dice[shaft]``; none for a task without.

        They are metrics like all others, available by name; tables show them only where they are named.

        Args:
            labels: names of the labels of the run.
        """
        return ()

    def region_metrics(self, settings: Mapping[str, Any]) -> tuple[Metric, ...]:
        """Metrics over the region of the frame that the others are not over; none for a task without.

        They are available by name, such as ``miou_content``, and a report shows them where frames have a surround.

        Args:
            settings: of the run's metrics, see :meth:`metric_settings`.
        """
        return ()

    def visibility_metrics(self) -> tuple[Metric, ...]:
        """Metrics of the visible and of the hidden part of frames; none for a task without.

        They are available by name, such as ``dice_hidden``, and defined under corruptions that hide the scene.
        """
        return ()

    def headline_for(self, protocol: str) -> str:
        """Name of the metric that stands for the task under a protocol."""
        name = f"{protocol}_{self.headline}"
        return name if any(metric.name == name for metric in self.metrics(protocol)) else self.headline

    @property
    def confidence_column(self) -> str:
        """Column with the confidence of a prediction; NaN where a model gave no valid prediction."""
        return f"{self.name}_{CONFIDENCE}"

    def further_confidence_columns(self) -> tuple[Column, ...]:
        """A column for each of :attr:`confidences`."""
        return tuple(
            Column(f"{self.confidence_column}_{name}", "float32", description, optional=True)
            for name, description in self.confidences.items()
        )

    # Results

    @abstractmethod
    def has_target(self, records: pd.DataFrame) -> NDArray[np.bool_]:
        """Whether the frame of each record is labelled for this task, (n,)."""

    @abstractmethod
    def failed(self, records: pd.DataFrame, threshold: float) -> Floats:
        """1 where the prediction of a record failed, 0 where not, NaN where it cannot be scored, (n,)."""

    @abstractmethod
    def describe_failure(self, threshold: float) -> str:
        """When a prediction fails, as a clause: ``Dice below 0.5``."""

    @abstractmethod
    def confidence_bins(self, records: pd.DataFrame) -> ConfidenceBins:
        """Predictions of these records by confidence."""

    def truth_size(self, records: pd.DataFrame, num_labels: int) -> Floats:
        """How much of the truth each record holds, such as pixels, (n,); 0 without: its model gave no prediction."""
        return self.has_target(records).astype(np.float64)

    @abstractmethod
    def labels_shown(self, records: pd.DataFrame, num_labels: int) -> NDArray[np.bool_]:
        """Whether the target of each record shows each label, (n, num_labels)."""

    def floors(self, records: pd.DataFrame, num_labels: int) -> dict[str, Columns]:
        """Trivial predictors that see no image, from the truth in the records: name -> the columns of its predictions.

        A column that does not follow from the records is left out, and with it every metric that needs it. A metric has
        numbers in at most one floor.

        Args:
            records: one per frame and condition, that with the most of the truth.
            num_labels: labels of the run.
        """
        return {}

    def frame_column(self) -> str | None:
        """Column with a score per frame in [0, 1] that ranks frames; None for a task without."""
        return None

    # Training

    def default_loss_weight(self) -> float:
        """Factor of the task's loss in a training that sets none."""
        return 1.0

    def label_weights(self, targets: Tensor, num_labels: int) -> Tensor | None:
        """Weights of the labels in the loss, (num_labels,), from all training targets; None for equal weights."""
        return None

    @abstractmethod
    def loss(self, logits: Tensor, targets: Tensor, weights: Tensor | None, options: Mapping[str, float]) -> Tensor:
        """Mean loss of a batch, a scalar with gradient; 0 where no frame has a target.

        Args:
            weights: from :meth:`label_weights`, or None.
            options: ``dice_weight``, factor of an additional soft Dice loss where the task has one.
        """

    @abstractmethod
    def confusion(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Counts (num_labels, num_labels) of (target, prediction) pairs of a batch, int64."""

    @abstractmethod
    def validation_score(self, confusion: Tensor) -> tuple[str, float] | None:
        """Name and value in [0, 1] (higher is better) of the validation metric; None without targets."""
