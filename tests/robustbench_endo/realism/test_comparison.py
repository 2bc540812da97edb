"""Comparison of real and synthetic pairs."""

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.errors import DataError
from robustbench_endo.realism.classifier import area_under_curve, held_out_scores
from robustbench_endo.realism.comparison import compare_pairs, sequence_intervals
from robustbench_endo.realism.pairs import Pair, read_pairs


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


def test_held_out_scores_separate_shifted_features():
    noise = np.random.default_rng(1)
    real = np.tile([0.0, 1.0], 20)
    scores = held_out_scores(noise.normal(size=(40, 3)) + 6 * real[:, None], real, [str(i // 10) for i in range(40)])
    assert area_under_curve(scores, real) > 0.95


def test_read_pairs_names_the_missing_frame(tmp_path):
    (tmp_path / "pairs.csv").write_text("name,sequence\na.png,s1\nb.png,s2\n")
    with pytest.raises(DataError, match="Cannot read the frame"):
        read_pairs(tmp_path)
    for part in ("clear", "smoky"):
        (tmp_path / part).mkdir()
        for name in "ab":
            Image.new("RGB", (48, 48)).save(tmp_path / part / f"{name}.png")
    assert [pair.sequence for pair in read_pairs(tmp_path)] == ["s1", "s2"]
