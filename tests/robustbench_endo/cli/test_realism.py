"""`robust-endo realism`."""

import json

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.realism.rank_correlation import RankCorrelation


@pytest.fixture
def pairs(tmp_path):
    noise = np.random.default_rng(0)
    rows = ["name,sequence"]
    for part in ("clear", "smoky"):
        (tmp_path / part).mkdir()
    for i in range(4):
        frame = noise.integers(40, 160, (48, 72, 3), dtype=np.uint8)
        Image.fromarray(frame).save(tmp_path / "clear" / f"{i}.png")
        Image.fromarray(frame // 2 + np.uint8(100)).save(tmp_path / "smoky" / f"{i}.png")
        rows.append(f"{i}.png,s{i}")
    (tmp_path / "pairs.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_realism_writes_both_groups(robust_endo, pairs):
    pytest.importorskip("cv2")
    out = pairs / "table.json"
    result = robust_endo(
        "realism", "--pairs", pairs, "--out", out, "--fitted", "s0,s1", "--draws", 20, "--montage", pairs / "m.png"
    )
    assert result.exit_code == 0, result.output
    assert (pairs / "m.png").stat().st_size > 1000
    tables = json.loads(out.read_text())
    assert set(tables) == {"all", "fitted", "held-out"}
    assert set(tables["all"]) == {"real", *(f"severity {k}" for k in range(1, 6)), "severities 2-4"}
    assert len(tables["all"]["severities 2-4"]["tiles"]) == 1
    assert 0 <= tables["held-out"]["severity 3"]["auc"][0] <= 1


def test_realism_refuses_one_held_out_sequence(robust_endo, pairs):
    result = robust_endo("realism", "--pairs", pairs, "--fitted", "s0,s1,s2")
    assert result.exit_code == 2
    assert "at least 2 held-out sequences" in " ".join(result.output.split())


def test_realism_refuses_neither_pairs_nor_run(robust_endo):
    result = robust_endo("realism")
    assert result.exit_code == 2
    assert "Expected --pairs, --run or --scores" in " ".join(result.output.split())
    result = robust_endo("realism", "--scores", "a.csv", "b.csv", "--synthetic-run", "c")
    assert result.exit_code == 2
    assert "Expected --run with --synthetic-run, got none" in " ".join(result.output.split())


def test_realism_prints_and_writes_rank_correlations(robust_endo, tmp_path, monkeypatch):
    row = RankCorrelation("accuracy", "recorded_smoke", "smoke", 6, 1, 0.94, float("nan"), float("nan"), 0.017)
    monkeypatch.setattr("robustbench_endo.results.load_results", lambda folder: folder)
    monkeypatch.setattr("robustbench_endo.realism.rank_correlation.rank_correlations", lambda run, draws, other: [row])
    result = robust_endo("realism", "--run", tmp_path, "--out", tmp_path / "table.json")
    assert result.exit_code == 0, result.output
    assert "0.94" in result.output
    assert "0.017" in result.output
    assert "nan" not in result.output
    (written,) = json.loads((tmp_path / "table.json").read_text())["rank_correlations"]
    assert (written["value"], written["low"]) == (0.94, None)


def test_realism_correlates_two_score_tables(robust_endo, tmp_path):
    lines = {"real.csv": (1, 2, 3, 4, 5, 6), "fog.csv": (1, 2, 3, 4, 6, 5)}
    for name, values in lines.items():
        rows = [f"m{i},s{k},{value + k / 10}" for i, value in enumerate(values) for k in range(3)]
        (tmp_path / name).write_text("\n".join(["model,subject,score", *rows]) + "\n")
    out = tmp_path / "table.json"
    result = robust_endo("realism", "--scores", tmp_path / "real.csv", tmp_path / "fog.csv", "--out", out)
    assert result.exit_code == 0, result.output
    assert "6 models, 3 subjects" in result.output
    assert "0.94 [0.94, 0.94]" in result.output
    (row,) = json.loads(out.read_text())["rank_correlations"]
    assert (row["recorded"], row["synthetic"]) == ("real", "fog")
    assert row["p"] == pytest.approx(12 / 720)
    few = robust_endo("realism", "--scores", tmp_path / "real.csv", tmp_path / "none.csv")
    assert few.exit_code == 2
    assert "Cannot read" in few.stderr
