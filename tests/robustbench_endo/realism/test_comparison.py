"""Comparison of real and synthetic pairs."""

import numpy as np

from robustbench_endo.realism.comparison import (
    compare_measurements,
    compare_pairs,
    measure_conditions,
    sequence_intervals,
)
from robustbench_endo.realism.pairs import Pair


def _veil(frame, _=""):
    return np.rint(frame * 0.5 + np.array([245, 205, 230]) * 0.5).astype(np.uint8)


def _pairs():
    noise = np.random.default_rng(0)
    frames = [noise.integers(40, 160, (48, 72, 3), dtype=np.uint8) for _ in range(6)]
    return [Pair(f"{i}.png", f"s{i // 2}", frame, _veil(frame)) for i, frame in enumerate(frames)]


def test_compare_pairs_separates_another_synthesis(monkeypatch):
    monkeypatch.setattr("robustbench_endo.realism.comparison.align_frame", lambda clear, smoky: clear)
    table = compare_pairs(_pairs(), {"same": _veil, "grey": lambda frame, _: frame // 2 + np.uint8(60)}, draws=20)
    assert table["same"]["auc"][0] == 0.5
    assert table["grey"]["auc"][0] == 1.0
    assert table["same"]["airlight_red"] == table["real"]["airlight_red"]


def test_sequence_intervals_resample_whole_sequences():
    values = np.array([0.0, 0.0, 1.0, 1.0])
    result = sequence_intervals("aabb", lambda i: {"mean": float(values[i].mean())}, 200)
    assert result["mean"] == [0.5, 0.0, 1.0]


def test_compare_measurements_pools_conditions_and_selects_sequences(monkeypatch):
    monkeypatch.setattr("robustbench_endo.realism.comparison.align_frame", lambda clear, smoky: clear)
    measured = measure_conditions(_pairs(), {"same": _veil, "grey": lambda frame, _: frame // 2 + np.uint8(60)})
    measured["both"] = measured["same"] + measured["grey"]
    table = compare_measurements(measured, 20, {"s0", "s1"})
    assert table["both"]["tiles"] == [table["same"]["tiles"][0] + table["grey"]["tiles"][0]] == [2 * 4 * 6]
    assert 0.5 < table["both"]["auc"][0] < 1
