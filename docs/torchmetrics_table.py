"""The table of docs/torchmetrics.md: what metrics of three packages give for the same masks.

``python docs/torchmetrics_table.py`` prints it; needs monai and torchmetrics (extra `peers`).
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import one_hot

Pair = tuple[Tensor, Tensor]


def square(height: int, width: int, row: int, column: int) -> Tensor:
    """A mask with a square of 10 x 10 px."""
    mask = torch.zeros(height, width, dtype=torch.int64)
    mask[row : row + 10, column : column + 10] = 1
    return mask


SHIFTED = square(48, 64, 10, 10), square(48, 64, 10, 15)
MISSED = torch.zeros(48, 64, dtype=torch.int64), square(48, 64, 10, 10)
ABSENT = torch.zeros(2, 48, 64, dtype=torch.int64).unbind()

CASES: dict[str, Sequence[Pair]] = {
    "shifted by 5 px, 48 x 48": [(square(48, 48, 10, 10), square(48, 48, 10, 15))],
    "the same, 48 x 64": [SHIFTED],
    "the same, 64 x 48, at the lower edge": [(square(64, 48, 50, 10), square(64, 48, 50, 15))],
    "missed, 48 x 64": [MISSED],
    "absent, 48 x 64": [ABSENT],
    "mean of shifted, missed and absent": [SHIFTED, MISSED, ABSENT],
}


def ours(preds: Tensor, target: Tensor, name: str) -> float:
    """Of this package."""
    import robustbench_endo.metrics.torchmetrics as package

    return float(getattr(package, {"hd": "HausdorffDistance", "hd95": "HD95"}[name])(2)(preds, target))


def torchmetrics(preds: Tensor, target: Tensor, name: str) -> float:
    """Of torchmetrics, which has no HD95."""
    from torchmetrics.segmentation import HausdorffDistance

    return float(HausdorffDistance(2, input_format="index")(preds, target))


def monai(preds: Tensor, target: Tensor, name: str) -> float:
    """Of MONAI."""
    from monai.metrics import HausdorffDistanceMetric

    metric = HausdorffDistanceMetric(include_background=False, percentile=95 if name == "hd95" else None)
    values = metric(*(one_hot(labels, 2).movedim(3, 1) for labels in (preds, target)))
    # The mean over no value at all is 0 in aggregate(); the value itself is NaN.
    return float(values) if len(values) == 1 else float(metric.aggregate())


def cell(metric: Callable[[Tensor, Tensor, str], float], pairs: Sequence[Pair], name: str) -> str:
    """A value as text, or the name of the error."""
    preds, target = (torch.stack(masks) for masks in zip(*pairs, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = metric(preds, target, name)
        except (IndexError, RuntimeError) as error:
            return type(error).__name__
    return "NaN" if value != value else f"{value:.4g}"


def table() -> str:
    """The table in Markdown."""
    columns = [(ours, "hd"), (torchmetrics, "hd"), (monai, "hd"), (ours, "hd95"), (monai, "hd95")]
    names = {"ours": "robustbench_endo", "torchmetrics": "torchmetrics", "monai": "MONAI"}
    heads = [f"{name.upper()}, {names[metric.__name__]}" for metric, name in columns]
    lines = [["masks of one class", *heads], ["---"] * (len(heads) + 1)]
    lines += [[case, *(cell(metric, pairs, name) for metric, name in columns)] for case, pairs in CASES.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n")
