from __future__ import annotations

import pandas as pd
import pytest

from robustbench_endo.tasks.segmentation.metrics import SURROUND, count_columns
from robustbench_endo.tasks.segmentation.regions import RegionDice, RegionMeanIoU

COUNTS = dict(zip(count_columns(2), (80, 10, 6, 4, 4, 6), strict=True))
AROUND = dict(zip(count_columns(2, SURROUND), (40, 0, 1, 1, 1, 1), strict=True))
RECORDS = pd.DataFrame([COUNTS | AROUND])


@pytest.mark.parametrize(("region", "tp"), [("content", (40, 10)), ("frame", (120, 10))])
def test_region_metrics_add_or_leave_out_the_surround(region, tp):
    sign = 1 if region == "frame" else -1
    wrong = (10 + 2 * sign, 10 + 2 * sign)  # of each class: fp + fn
    iou = [hits / (hits + errors) for hits, errors in zip(tp, wrong, strict=True)]
    dice = [2 * hits / (2 * hits + errors) for hits, errors in zip(tp, wrong, strict=True)]
    for kind, expected in ((RegionMeanIoU, iou), (RegionDice, dice)):
        metric = kind(region)
        assert metric.name.endswith(f"_{region}")
        sums = metric.statistics(RECORDS, 2).sum(0)
        assert float(metric.formula(sums)) == pytest.approx(sum(expected) / 2)
