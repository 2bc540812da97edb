"""What the metrics have in common: the sums that they keep over frames, and how a value follows from them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from torchmetrics import Metric

from robustbench_endo.config import check_choice
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.torchmetrics.inputs import INPUT_FORMATS, to_label_maps
from robustbench_endo.types import IGNORE

Average = Literal["samplewise", "macro", "none"]
InputFormat = Literal["auto", "index", "one-hot", "mixed"]
AVERAGES = ("samplewise", "macro", "none")


class FrameMetric(Metric):
    """A metric with a value for each frame and class, NaN where the class is in neither prediction nor target.

    The states are sums over frames, so processes and batches of any size add up. Metrics of one ``family`` with the
    same options have the same states: a ``MetricCollection`` computes these once for all of them.

    Args:
        num_classes: C, 1 to 255; class 0 is the background.
        include_background: whether class 0 counts.
        average: ``samplewise`` is the mean over the classes of each frame, then over frames, as in runs; ``macro``
            the mean over the frames of each class, then over classes; ``none`` the value of each class, (C,), or
            (C - 1,) without the background, NaN for a class that never occurs.
        input_format: ``index`` (label maps), ``one-hot`` (and logits), ``mixed`` (one of each), or ``auto``.
        ignore_index: label of target pixels that count for nothing; None for none.
        depends_on: further options of the family, which its values depend on.
        kwargs: of ``torchmetrics.Metric``, such as ``sync_on_compute``.

    Raises:
        RobustEndoError: an option outside its range.
    """

    is_differentiable = False
    full_state_update = False
    plot_lower_bound = 0.0

    family: str
    measures: Sequence[str]
    """The first axis of :meth:`frame_values`."""
    measure: str
    """The one of them that this metric is."""

    def __init__(
        self,
        num_classes: int,
        *,
        include_background: bool,
        average: Average = "samplewise",
        input_format: InputFormat = "auto",
        ignore_index: int | None = IGNORE,
        depends_on: Sequence[object] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_choice("average", average, AVERAGES)
        check_choice("input_format", input_format, INPUT_FORMATS)
        first = 0 if include_background else 1
        if not isinstance(num_classes, int) or not first < num_classes <= IGNORE:
            raise RobustEndoError(
                f"Expected num_classes from {first + 1} to {IGNORE}, got {num_classes!r}: count the background, too."
            )
        self.num_classes, self.include_background, self.average = num_classes, include_background, average
        self.input_format, self.ignore_index = input_format, ignore_index
        # A MetricCollection shares the states of metrics whose states have equal names and, after a first batch, equal
        # values: values can be equal by chance, so the names tell options apart.
        text = repr((num_classes, include_background, ignore_index, *depends_on))
        key = f"{self.family}_{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        self._sums, self._counts = f"sums_{key}", f"counts_{key}"
        shape = len(self.measures), num_classes - first + 1  # the last column is the mean over classes
        self.add_state(self._sums, torch.zeros(shape, dtype=torch.float64), "sum")
        self.add_state(self._counts, torch.zeros(shape[1], dtype=torch.int64), "sum")

    def frame_values(self, preds: Tensor, target: Tensor) -> Tensor:
        """The values of label maps uint8 (B, H, W), float64 (measures, B, C).

        One that is NaN is NaN in all measures.
        """
        raise NotImplementedError

    def update(self, preds: Tensor, target: Tensor) -> None:
        """Add the frames of a batch.

        Args:
            preds: integer labels (B, H, W), a one-hot mask (B, C, H, W), or floating logits or probabilities
                (B, C, H, W). A frame with a NaN or infinite number is left out, as in runs.
            target: integer labels (B, H, W), or a one-hot mask (B, C, H, W).

        Raises:
            RobustEndoError: tensors of another shape or type, or labels out of range.
        """
        maps = to_label_maps(preds, target, self.num_classes, self.input_format, self.ignore_index)
        values = self.frame_values(*maps)[:, :, 0 if self.include_background else 1 :]
        values = torch.cat((values, values.nanmean(2, keepdim=True)), dim=2)
        sums, counts = getattr(self, self._sums), getattr(self, self._counts)
        # Not in place: the states may be tensors of inference mode.
        setattr(self, self._sums, sums + values.nansum(1).to(sums.device))
        setattr(self, self._counts, counts + (~values[0].isnan()).sum(0).to(counts.device))

    def compute(self) -> Tensor:
        """The value over all frames since the last reset, float64; NaN without a frame that has one."""
        sums = getattr(self, self._sums)[list(self.measures).index(self.measure)]
        means: Tensor = sums / getattr(self, self._counts)  # 0 / 0 is NaN
        if self.average == "samplewise":
            return means[-1]
        return means[:-1].nanmean() if self.average == "macro" else means[:-1]

    def plot(self, val: Tensor | Sequence[Tensor] | None = None, ax: Any = None) -> Any:
        """Plot values as torchmetrics does.

        Args:
            val: a value, or a list of them over time; None for that of :meth:`compute`.
            ax: axes of matplotlib; None for new ones.

        Returns:
            Figure and axes.
        """
        return self._plot(val, ax)
