"""The checksum of records: independent of their order, sensitive to every value that a number was computed from."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.evidence.fingerprint import columns_of, records_sha256
from robustbench_endo.metrics.base import StoredMetric
from robustbench_endo.results.metrics import known_metrics

RECORDS = pd.DataFrame(
    {
        "model": ["b", "a", "a"],
        "corruption": "smoke",
        "severity": np.array([1, 2, 1], np.int8),
        "replicate": np.int16(0),
        "image_id": ["ü.png", "y.png", "x.png"],
        "subject_id": "p",
        "hd95": np.array([1.5, np.nan, 3.0], np.float32),
        "tp_0": np.array([3, 2, 1], np.int32),
    }
)


def test_checksum_is_the_documented_one():
    rows = RECORDS.iloc[[2, 1, 0]]
    digest = hashlib.sha256()
    texts = {"model": ["a", "a", "b"], "corruption": ["smoke"] * 3}
    later = {"image_id": ["x.png", "y.png", "ü.png"], "subject_id": ["p"] * 3}
    for name, values in texts.items():
        digest.update(f"{name}\n".encode() + json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode())
    digest.update(b"severity\n" + np.array([1, 2, 1], "<f8").tobytes())
    digest.update(b"replicate\n" + np.zeros(3, "<i8").tobytes())
    for name, values in later.items():
        digest.update(f"{name}\n".encode() + json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode())
    digest.update(b"hd95\n" + rows["hd95"].to_numpy("<f8").tobytes() + b"tp_0\n" + np.array([1, 2, 3], "<i8").tobytes())
    assert records_sha256(RECORDS, ["tp_0", "hd95"]) == digest.hexdigest()


@pytest.mark.parametrize("column", ["model", "severity", "image_id", "subject_id", "hd95", "tp_0"])
def test_every_value_changes_the_checksum(column):
    changed = RECORDS.copy()
    changed.loc[1, column] = "z" if column in ("model", "image_id", "subject_id") else 4
    assert records_sha256(changed, ["hd95", "tp_0"]) != records_sha256(RECORDS, ["hd95", "tp_0"])


def test_order_and_other_columns_do_not_change_the_checksum():
    shuffled = RECORDS.sample(frac=1, random_state=1).assign(other=1)
    assert records_sha256(shuffled, ["hd95"]) == records_sha256(RECORDS.drop(columns="tp_0"), ["hd95"])


def test_columns_are_those_that_a_metric_reads():
    counts = {f"{kind}_{index}": 1 for kind in ("tp", "fp", "fn") for index in range(2)}
    frame = RECORDS.drop(columns="tp_0").assign(**counts, activity_target=0, activity_prediction=0)
    metrics = known_metrics()
    assert columns_of(metrics["dice"], frame, 2) == sorted(counts)
    assert columns_of(metrics["hd95"], frame, 2) == ["hd95"]
    assert columns_of(metrics["accuracy"], frame, 2) == ["activity_prediction", "activity_target"]
    declared = {**metrics["hd95"].describe(), "columns": ["hd95", "tp_0"], "column": None}
    assert columns_of(StoredMetric(declared), frame, 2) == ["hd95", "tp_0"]
