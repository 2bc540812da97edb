"""The segmentation task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.metrics.base import Metric
from robustbench_endo.tasks.base import Column, Columns, ColumnType, ConfidenceBins, Scores, Task
from robustbench_endo.tasks.segmentation import endoarss, metrics
from robustbench_endo.tasks.segmentation.floors import background_everywhere, truth_pixels
from robustbench_endo.tasks.segmentation.metrics import SURROUND, bin_columns, count_columns
from robustbench_endo.tasks.segmentation.regions import RegionDice, RegionMeanIoU
from robustbench_endo.tasks.segmentation.tolerance import NsdTolerance, resolve_tolerances
from robustbench_endo.tasks.segmentation.visibility import HIDDEN, VISIBILITY_COLUMNS, VISIBILITY_METRICS, VISIBLE

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

    from robustbench_endo.tasks.prediction import Prediction
    from robustbench_endo.tasks.surround import Surround

_COLUMNS = (
    Column("iou_mean_unwarped", "float32", "iou_mean against the mask of the clean frame (differs after a warp)"),
    Column("dice_mean_unwarped", "float32", "dice_mean against the mask of the clean frame"),
    Column("diagonal", "float32", "diagonal of the mask, px"),
    Column("segmentation_confidence", "float32", "mean over pixels of the largest class probability"),
    Column("segmentation_entropy", "float32", "mean over pixels of the predictive entropy, nats"),
    Column("n_missed_classes", "int16", "foreground classes that only one of prediction and target has"),
    Column("n_scored_classes", "int16", "foreground classes that prediction or target has"),
)


def _bins() -> list[Column]:
    kinds: tuple[tuple[str, ColumnType], ...] = (("count", "int32"), ("correct", "int32"), ("confidence", "float32"))
    return [
        Column(name, dtype, "sampled pixels by confidence", repeated=True)
        for kind, dtype in kinds
        for name in bin_columns(kind)
    ]


class Segmentation(Task):
    """A class label for every pixel; class 0 is the background, 255 is ignored."""

    name = "segmentation"
    title = "Segmentation"
    noun, plural, unit_noun = "mask", "masks", "pixels"
    label_attribute: ClassVar[str] = "classes"
    logits_shape = ("B", "C", "h", "w")
    headline = "miou"
    calibration_metric = "segmentation_ece"
    label_metric = "dice"
    envelope_metric = "dice_worst_class"
    has_label_map = True
    failure_threshold = 0.5
    ignored = 255
    confidences = MappingProxyType(
        {
            "margin": "mean over pixels of the largest class probability less the second largest",
            "region": "smallest of the mean confidences of the predicted classes",
            "boundary": "mean confidence of the pixels on the boundaries of the predicted label map",
            "user": Task.confidences["user"],
        }
    )

    def stack(self, targets: Sequence[Any], size: tuple[int, int]) -> Tensor:
        """Masks uint8 (B, H, W); 255 everywhere for a frame without a mask."""
        import torch

        ignored = torch.full(size, self.ignored, dtype=torch.uint8)
        return torch.stack([ignored if target is None else target for target in targets])

    def resize(self, target: Any, size: tuple[int, int]) -> Any:
        """The mask (H, W), resized by nearest neighbour."""
        import torch.nn.functional as F

        if target.shape == size:
            return target
        return F.interpolate(target[None, None], size, mode="nearest-exact")[0, 0]

    def check_targets(self, targets: Tensor, num_labels: int) -> None:
        """See :meth:`Task.check_targets`: labels below ``num_labels``, or 255."""
        from robustbench_endo.metrics.checks import check_labels

        check_labels("target", targets, num_labels, ignored=True)

    def warp(self, targets: Tensor, corrupted: Any) -> Tensor:
        """See :meth:`Task.warp`."""
        warped: Tensor = corrupted.warp(targets)
        return warped

    def decode(self, logits: Tensor, size: tuple[int, int]) -> Prediction:
        """See :func:`robustbench_endo.tasks.segmentation.decode.decode`."""
        from robustbench_endo.tasks.segmentation.decode import decode

        return decode(logits, size)

    def columns(self, num_labels: int) -> tuple[Column, ...]:
        """See :meth:`Task.columns`."""
        counts = [Column(name, "int32", "pixels per class", repeated=True) for name in count_columns(num_labels)]
        counts += [
            Column(name, "int32", "pixels per class in the black surround", repeated=True)
            for name in count_columns(num_labels, SURROUND)
        ]
        counts += [
            Column(name, "int32", f"pixels per class that are {part.removesuffix('_')}", repeated=True, optional=True)
            for part in (VISIBLE, HIDDEN)
            for name in count_columns(num_labels, part)
        ]
        return (*_COLUMNS, *self.further_confidence_columns(), *VISIBILITY_COLUMNS, *counts, *_bins())

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
        """See :func:`robustbench_endo.tasks.segmentation.score.score`."""
        from robustbench_endo.tasks.prediction import confidence_scores
        from robustbench_endo.tasks.segmentation.decode import SegmentationPrediction
        from robustbench_endo.tasks.segmentation.score import score

        assert prediction is None or isinstance(prediction, SegmentationPrediction)
        columns = score(prediction, targets, clean_targets, num_labels, metrics, scale, surround, hidden)
        return columns | confidence_scores(self.name, self.confidences, prediction, targets)

    def metrics(
        self, protocol: str = "standard", settings: Mapping[str, Any] = MappingProxyType({})
    ) -> tuple[Metric, ...]:
        """See :meth:`Task.metrics`."""
        kinds = (*metrics.METRICS, *(endoarss.METRICS if protocol == "endoarss" else ()))
        tolerance = NsdTolerance.from_settings(settings)
        return tuple(metrics.SurfaceDice(tolerance) if kind is metrics.SurfaceDice else kind() for kind in kinds)

    def metric_settings(self, options: Mapping[str, Any], labels: Sequence[str]) -> dict[str, Any]:
        """``nsd_tolerance`` (class -> tolerance), ``spacing`` (mm per pixel) and ``region`` where they are set."""
        region = {"region": "content"} if options.get("region") == "content" else {}
        tolerances = resolve_tolerances(options.get("nsd_tolerance", ()), labels)
        spacing = options.get("spacing")
        if not tolerances:
            return region
        return region | {"nsd_tolerance": tolerances, "spacing": None if spacing is None else list(spacing)}

    def label_metrics(self, labels: Sequence[str]) -> tuple[Metric, ...]:
        """``dice[CLASS]`` and ``iou[CLASS]`` of every class; a name that occurs again has its number, ``tip #2``."""
        kinds = (metrics.ClassDice, metrics.ClassIoU)
        counts = [labels[:index].count(name) for index, name in enumerate(labels)]
        names = [f"{name} #{count + 1}" if count else name for name, count in zip(labels, counts, strict=True)]
        return tuple(kind(index, name) for kind in kinds for index, name in enumerate(names))

    def region_metrics(self, settings: Mapping[str, Any]) -> tuple[Metric, ...]:
        """``miou_content`` and ``dice_content``; ``miou_frame`` and ``dice_frame`` in a run over the content area."""
        other = "frame" if settings.get("region") == "content" else "content"
        return tuple(kind(other) for kind in (RegionMeanIoU, RegionDice))

    def visibility_metrics(self) -> tuple[Metric, ...]:
        """``dice``, ``miou`` and ``nsd`` of the visible and the hidden part, ``hallucination`` and others."""
        return tuple(kind() for kind in VISIBILITY_METRICS)

    def labels_shown(self, records: pd.DataFrame, num_labels: int) -> NDArray[np.bool_]:
        """See :meth:`Task.labels_shown`."""
        counts = records[count_columns(num_labels)].to_numpy(np.int64).reshape(len(records), 3, num_labels)
        return np.asarray(counts[:, 0] + counts[:, 2] > 0)

    def has_target(self, records: pd.DataFrame) -> NDArray[np.bool_]:
        """Whether any model's prediction for the frame could be scored: a frame without a mask has no Dice."""
        frames, names = records["image_id"].factorize()  # much faster than isin of text
        labelled = np.zeros(len(names), bool)
        labelled[frames[records["dice_mean"].notna().to_numpy()]] = True
        flags: NDArray[np.bool_] = labelled[frames]
        return flags

    def failed(self, records: pd.DataFrame, threshold: float) -> Floats:
        """A mask fails when the Dice of its frame is below the threshold."""
        dice = records["dice_mean"].to_numpy(np.float64)
        return np.where(np.isnan(dice), np.nan, dice < threshold)

    def describe_failure(self, threshold: float) -> str:
        """See :meth:`Task.describe_failure`."""
        return f"a mask fails below a Dice of {threshold:g}"

    def confidence_bins(self, records: pd.DataFrame) -> ConfidenceBins:
        """A fixed sample of pixels of each frame by confidence."""
        count, correct, confidence = (
            records.reindex(columns=bin_columns(kind), fill_value=0).to_numpy(np.float64)
            for kind in ("count", "correct", "confidence")
        )
        frames = [records.loc[filled, "image_id"].nunique() for filled in count.T > 0]
        return ConfidenceBins(count.sum(0), correct.sum(0), confidence.sum(0), np.asarray(frames, np.float64))

    def truth_size(self, records: pd.DataFrame, num_labels: int) -> Floats:
        """Scored pixels."""
        return np.asarray(truth_pixels(records, num_labels).sum(1))

    def floors(self, records: pd.DataFrame, num_labels: int) -> dict[str, Columns]:
        """A predictor that labels every pixel as background."""
        return {"background everywhere": background_everywhere(records, num_labels)}

    def frame_column(self) -> str | None:
        """The intersection over union of a frame."""
        return "iou_mean"

    def label_weights(self, targets: Tensor, num_labels: int) -> Tensor | None:
        """See :func:`robustbench_endo.tasks.segmentation.loss.class_weights`."""
        from robustbench_endo.tasks.segmentation.loss import class_weights

        return class_weights(targets, num_labels)

    def loss(self, logits: Tensor, targets: Tensor, weights: Tensor | None, options: Mapping[str, float]) -> Tensor:
        """See :func:`robustbench_endo.tasks.segmentation.loss.segmentation_loss`."""
        from robustbench_endo.tasks.segmentation.loss import segmentation_loss

        return segmentation_loss(logits, targets, weights, options.get("dice_weight", 0.0))

    def confusion(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Pixels (num_classes, num_classes) by target and predicted class."""
        from robustbench_endo.tasks.segmentation.loss import pixel_confusion

        return pixel_confusion(logits, targets)

    def validation_score(self, confusion: Tensor) -> tuple[str, float] | None:
        """The mIoU of all pixels."""
        if not confusion.any():
            return None
        hits = confusion.diagonal().double()
        union = confusion.sum(0) + confusion.sum(1) - hits
        return "miou", (hits[union > 0] / union[union > 0]).mean().item()
