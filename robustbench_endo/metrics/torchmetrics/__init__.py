"""The metrics of runs as ``torchmetrics.Metric``, with the same numbers; needs the extra `torchmetrics`."""

from robustbench_endo.errors import import_optional

import_optional("torchmetrics", purpose="metrics that accumulate over batches", extra="torchmetrics")

from robustbench_endo.metrics.torchmetrics.metrics import (  # noqa: E402  # after the check that names the extra
    ASSD,
    HD95,
    HausdorffDistance,
    MaskSSIM,
    SurfaceDice,
)

__all__ = ["ASSD", "HD95", "HausdorffDistance", "MaskSSIM", "SurfaceDice"]
