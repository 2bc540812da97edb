"""The contract of a metric: defaults, declarations, statistics and formula."""

import numpy as np
import pandas as pd
import pytest
import torch

from robustbench_endo.metrics import Metric
from robustbench_endo.metrics.base import DISTORTION_METRICS, StoredMetric


class Precision(Metric):
    name, unit, higher_is_better = "precision", "%", True
    description = "Fraction of predicted pixels that are correct."

    def score(self, batch):
        return batch


class Recall(Metric):
    name, unit, scale, higher_is_better = "recall", "permille", 1000, True
    columns = ("correct", "pixels")

    def score(self, batch):
        return batch


class Excess(Recall):
    name = "excess"

    def formula(self, sums):
        return super().formula(sums) - 1


class Distance(Metric):
    name, label, unit, higher_is_better = "tip_distance", "Tip distance", "px", False


def test_metric_defaults_follow_from_name_and_unit():
    metric = Precision()
    assert (metric.label, metric.column, metric.frame_column) == ("precision", "precision", "precision")
    assert (metric.scale, metric.upper_bound, metric.record_columns) == (100, 100, ("precision",))
    assert (Distance().label, Distance().scale, Distance().upper_bound) == ("Tip distance", 1, None)


def test_metric_update_stores_values_until_reset():
    metric = Precision()
    metric.update(torch.tensor([0.5, 0.25]))
    metric.update(torch.tensor([1.0]))
    assert metric.compute().tolist() == [0.5, 0.25, 1.0]
    metric.reset()
    assert metric.compute().shape == (0,)


def test_metric_without_score_is_not_implemented():
    with pytest.raises(NotImplementedError, match="Distance has no value per frame"):
        Distance().score(None)


def test_metric_formula_is_the_mean_of_defined_values():
    records = pd.DataFrame({"precision": [0.5, np.nan, 1.0]})
    metric = Precision()
    assert metric.formula(metric.statistics(records, 3).sum(0)) == 0.75
    np.testing.assert_array_equal(metric.frame_values(records), [0.5, np.nan, 1.0])
    assert Distance().frame_values(records) is None


def test_metric_with_columns_is_a_ratio_of_sums():
    records = pd.DataFrame({"correct": [1.0, 3.0, np.nan], "pixels": [2.0, 8.0, 5.0]})
    metric = Recall()
    assert (metric.column, metric.record_columns, metric.scale) == (None, ("correct", "pixels"), 1000)
    assert metric.formula(metric.statistics(records, 3).sum(0)) == 0.4
    np.testing.assert_array_equal(metric.frame_values(records), [0.5, 0.375, np.nan])
    scores = metric.score_columns(torch.tensor([[1, 2], [3, 8]]))
    assert {name: values.tolist() for name, values in scores.items()} == {"correct": [1, 3], "pixels": [2, 8]}


def test_metrics_with_the_same_columns_share_statistics():
    assert Recall().statistics_key == Excess().statistics_key != Precision().statistics_key


def test_metric_that_overrides_its_formula_needs_its_class():
    assert [kind().needs_class for kind in (Precision, Recall, Excess)] == [False, False, True]
    assert Excess().describe()["needs_class"]


@pytest.mark.parametrize("kind", [Precision, Recall, Distance, *DISTORTION_METRICS])
def test_stored_metric_equals_its_declaration(kind):
    stored = StoredMetric(kind().describe())
    assert stored.describe() == kind().describe()
    assert (stored.scale, stored.statistics_key) == (kind().scale, kind().statistics_key)


def test_distortion_metrics_have_no_direction():
    assert [(kind.name, kind.unit, kind.higher_is_better) for kind in DISTORTION_METRICS] == [
        ("image_ssim", "%", None),
        ("image_psnr", "dB", None),
    ]
