"""Latency of models."""

import time

import pytest
import torch

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.latency import measure_latency


def slow(images):
    time.sleep(0.002)
    return {"segmentation": images}


def test_measure_latency_measures_each_model():
    threads = torch.get_num_threads()
    shapes = []
    measured = measure_latency({"slow": slow, "fast": lambda x: shapes.append(x.shape)}, (32, 48), 20, 2)
    assert 2 <= measured["slow"].p50_ms <= measured["slow"].p99_ms
    assert measured["fast"].p50_ms < 2
    assert shapes == [(1, 3, 32, 48)] * 22
    assert measured["slow"].to_json()["size"] == [32, 48]
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"repeats": 19}, "Expected repeats from 20 to 100000, got 19"),
        ({"warm_up": -1}, "Expected warm_up from 0 to 100000, got -1"),
        ({"threads": 0}, "Expected threads from 1 to 1024, got 0"),
        ({"size": (8, 640)}, "Expected size from 32 to 16384, got 8"),
        ({"device": "tpu"}, "tpu"),
    ],
)
def test_measure_latency_explains_wrong_arguments(options, message):
    with pytest.raises(RobustEndoError, match=message):
        measure_latency({"slow": slow}, **options)
