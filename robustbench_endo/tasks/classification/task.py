"""Tasks with one label per frame: activity today; phase, step or grade are further instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.metrics.aggregation import NUM_BINS, Floats, bin_of
from robustbench_endo.metrics.base import Metric
from robustbench_endo.tasks.base import Column, Columns, ConfidenceBins, Scores, Task
from robustbench_endo.tasks.classification import endoarss, metrics
from robustbench_endo.tasks.classification.metrics import known_labels

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

    from robustbench_endo.tasks.prediction import Prediction
    from robustbench_endo.tasks.surround import Surround

NO_LABEL = -1
"""Target of a frame without a label, and prediction of a model without the task."""


class Classification(Task):
    """One label per frame.

    Args:
        name: of the task.
        title: heading in reports.
        label_attribute: attribute of a data set with the names of the labels.
        prefix: before the names of the metrics, such as ``phase_``; empty for the activity.
    """

    failure_threshold = 0.0

    def __init__(self, name: str, title: str, label_attribute: str, prefix: str | None = None) -> None:
        self.name, self.title = name, title
        self.noun, self.plural = name, label_attribute
        self.label_attribute = label_attribute  # type: ignore[misc]  # differs between instances
        self.prefix = f"{name}_" if prefix is None else prefix
        self.headline = f"{self.prefix}accuracy"
        self.calibration_metric = f"{self.prefix}ece"

    def stack(self, targets: Sequence[Any], size: tuple[int, int]) -> Tensor:
        """Labels int64 (B,), -1 for a frame without one."""
        import torch

        return torch.tensor([NO_LABEL if target is None else int(target) for target in targets])

    def decode(self, logits: Tensor, size: tuple[int, int]) -> Prediction:
        """See :func:`robustbench_endo.tasks.classification.score.decode`."""
        from robustbench_endo.tasks.classification.score import decode

        return decode(logits)

    def columns(self, num_labels: int) -> tuple[Column, ...]:
        """See :meth:`Task.columns`."""
        return (
            Column(f"{self.name}_confidence", "float32", "largest class probability"),
            *self.further_confidence_columns(),
            Column(f"{self.name}_entropy", "float32", "predictive entropy, nats"),
            Column(f"{self.name}_brier", "float32", "sum over labels of (probability - truth)^2, 0 to 2"),
            Column(f"{self.name}_target", "int16", "label index, -1 when the frame has none"),
            Column(f"{self.name}_prediction", "int16", "label index, -1 when the model gives none"),
        )

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
        """See :func:`robustbench_endo.tasks.classification.score.score`."""
        from robustbench_endo.tasks.classification.score import ClassificationPrediction, score
        from robustbench_endo.tasks.prediction import confidence_scores

        assert prediction is None or isinstance(prediction, ClassificationPrediction)
        return score(self.name, prediction, targets, metrics) | confidence_scores(
            self.name, self.confidences, prediction, targets
        )

    def metrics(
        self, protocol: str = "standard", settings: Mapping[str, Any] = MappingProxyType({})
    ) -> tuple[Metric, ...]:
        """See :meth:`Task.metrics`."""
        kinds = (*metrics.METRICS, *(endoarss.METRICS if protocol == "endoarss" else ()))
        return tuple(kind(self) for kind in kinds)

    def labels_shown(self, records: pd.DataFrame, num_labels: int) -> NDArray[np.bool_]:
        """See :meth:`Task.labels_shown`."""
        return np.asarray(records[f"{self.name}_target"].to_numpy(int)[:, None] == np.arange(num_labels))

    def has_target(self, records: pd.DataFrame) -> NDArray[np.bool_]:
        """See :meth:`Task.has_target`."""
        return np.asarray(records[f"{self.name}_target"].to_numpy(int) >= 0)

    def failed(self, records: pd.DataFrame, threshold: float) -> Floats:
        """A label fails when it is wrong; the threshold is not used."""
        target, prediction, known = known_labels(records, self.name)
        return np.where(known, target != prediction, np.nan)

    def describe_failure(self, threshold: float) -> str:
        """See :meth:`Task.describe_failure`."""
        return f"the {self.name} fails when it is wrong"

    def confidence_bins(self, records: pd.DataFrame) -> ConfidenceBins:
        """Frames by the confidence of their label."""
        confidence = records[self.confidence_column].to_numpy(np.float64)
        target, prediction, known = known_labels(records, self.name)
        known = known & np.isfinite(confidence)
        confidence, correct = confidence[known], (target == prediction)[known].astype(np.float64)
        index, names = bin_of(confidence), records["image_id"].to_numpy()[known]
        frames = np.array([len(set(names[index == number])) for number in range(NUM_BINS)], np.float64)
        weights = (np.ones_like(confidence), correct, confidence)
        count, hits, total = (np.bincount(index, each, NUM_BINS).astype(np.float64) for each in weights)
        return ConfidenceBins(count, hits, total, frames)

    def floors(self, records: pd.DataFrame, num_labels: int) -> dict[str, Columns]:
        """The most frequent label of the clean frames for every frame; and, as probabilities, how often each occurs.

        Of labels that are equally frequent the first is taken.
        """
        target = records[f"{self.name}_target"].to_numpy(np.intp)
        clean = target[(records["severity"] == 0).to_numpy() & (target >= 0)]
        frequency = np.bincount(clean if clean.size else target[target >= 0], minlength=num_labels).astype(np.float64)
        if not frequency.sum():
            return {}
        prior = frequency / frequency.sum()
        labelled = target >= 0
        majority = np.where(labelled, prior.argmax(), NO_LABEL)
        brier = (prior**2).sum() - 2 * prior[np.where(labelled, target, 0)] + 1
        return {
            f"majority {self.noun}": {f"{self.name}_target": target, f"{self.name}_prediction": majority},
            f"{self.noun} prior": {f"{self.name}_brier": np.where(labelled, brier, np.nan)},
        }

    def default_loss_weight(self) -> float:
        """Half of the segmentation loss, as in the authors' training."""
        return 0.5

    def loss(self, logits: Tensor, targets: Tensor, weights: Tensor | None, options: Mapping[str, float]) -> Tensor:
        """Cross-entropy over the labelled frames, computed in float32."""
        import torch.nn.functional as F

        from robustbench_endo.tasks.cross_entropy import deterministic_cross_entropy

        if logits.is_cuda:
            return deterministic_cross_entropy(logits.float(), targets, weights)
        if (targets == NO_LABEL).all():
            return logits.float().sum() * 0.0
        return F.cross_entropy(logits.float(), targets, weights, ignore_index=NO_LABEL)

    def confusion(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Frames (num_labels, num_labels) by target and predicted label."""
        import torch

        labels, known = logits.shape[1], targets != NO_LABEL
        pairs = targets[known] * labels + logits.argmax(1)[known]
        return torch.bincount(pairs, minlength=labels**2).view(labels, labels)

    def validation_score(self, confusion: Tensor) -> tuple[str, float] | None:
        """The accuracy of the labelled frames."""
        total = int(confusion.sum())
        return (self.headline, int(confusion.diagonal().sum()) / total) if total else None
