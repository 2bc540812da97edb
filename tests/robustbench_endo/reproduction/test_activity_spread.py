"""The standard deviations of Table V, against a computation by hand on masks."""

import math

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.reproduction.activity_spread import activity_spread, foreground_iou
from robustbench_endo.results import Results

LABELS = {"segmentation": ("background", "tissue", "tool"), "activity": ("cut", "grasp", "expose")}


def row(target, prediction, masks, corruption="clean"):
    true, predicted = (np.asarray(mask) for mask in masks)
    counts = {}
    for label in range(3):
        counts[f"tp_{label}"] = int(((true == label) & (predicted == label)).sum())
        counts[f"fp_{label}"] = int(((true != label) & (predicted == label)).sum())
        counts[f"fn_{label}"] = int(((true == label) & (predicted != label)).sum())
    return {"corruption": corruption, "activity_target": target, "activity_prediction": prediction, **counts}


def results_of(rows, labels=None):
    labels = LABELS if labels is None else labels
    return Results(pd.DataFrame(rows), {"tasks": {task: list(names) for task, names in labels.items()}})


@pytest.fixture
def rows():
    return [
        # activity 0: recognised once in two frames; foreground IoU 2/4 and 1 (another class is foreground, too)
        row(0, 0, ([[1, 1, 1, 0]], [[1, 2, 0, 1]])),
        row(0, 1, ([[1, 1, 0, 0]], [[2, 2, 0, 0]])),
        # activity 1: always recognised; nothing in either mask counts as 1
        row(1, 1, ([[0, 0, 0, 0]], [[0, 0, 0, 0]])),
        # without an activity, and corrupted: neither counts
        row(-1, 0, ([[1, 1, 1, 1]], [[0, 0, 0, 0]])),
        row(1, 0, ([[1, 1, 1, 1]], [[0, 0, 0, 0]]), "smoke"),
        # activity 2 has no frame: it counts as 0
    ]


def test_activity_spread_is_that_of_the_authors_script(rows):
    spread = activity_spread(results_of(rows))
    accuracies, overlaps = (0.5, 1.0, 0.0), ((0.5 + 1) / 2, 1.0, 0.0)
    for name, values in (("accuracy_std", accuracies), ("miou_std", overlaps)):
        mean = sum(values) / 3
        assert spread[name] == pytest.approx(100 * math.sqrt(sum((v - mean) ** 2 for v in values) / 3))


def test_activity_spread_of_one_task_is_undefined(rows):
    assert all(map(math.isnan, activity_spread(results_of(rows, {"activity": LABELS["activity"]})).values()))


def test_foreground_iou_equals_that_of_the_masks():
    random = np.random.default_rng(0)
    for _ in range(20):
        true, predicted = random.integers(0, 3, (2, 5, 5))
        counts = row(0, 0, (true, predicted))
        tp, fp, fn = (
            np.array([[counts[f"{kind}_{label}"] for label in range(3)]], float) for kind in ("tp", "fp", "fn")
        )
        expected = ((true > 0) & (predicted > 0)).sum() / ((true > 0) | (predicted > 0)).sum()
        assert foreground_iou(tp, fp, fn).tolist() == pytest.approx([expected])
