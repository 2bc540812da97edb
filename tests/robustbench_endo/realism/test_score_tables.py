"""Rank correlation of two tables of scores."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from robustbench_endo.errors import DataError, RunError
from robustbench_endo.realism.score_tables import correlate_tables, read_scores

MODELS = [f"m{i}" for i in range(8)]


def write(path, scores, models=MODELS, subjects=None):
    """A table of scores (subjects, models)."""
    lines = ["model,subject,score"]
    for row, subject in zip(scores, subjects or [f"s{i}" for i in range(len(scores))], strict=True):
        lines += [f"{model},{subject},{value}" for model, value in zip(models, row, strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_correlate_tables_equals_scipy_on_the_means_of_subjects(tmp_path):
    noise = np.random.default_rng(0)
    quality = noise.normal(size=8)
    first, second = (quality + noise.normal(size=(count, 8)) for count in (5, 7))
    real = write(tmp_path / "real.csv", first)
    synthetic = write(tmp_path / "synthetic.csv", second[:, ::-1], MODELS[::-1], [f"t{i}" for i in range(7)])
    result = correlate_tables(real, synthetic, 300)
    expected = spearmanr(first.mean(0), second.mean(0))
    assert result.value == pytest.approx(expected[0])
    assert result.p == pytest.approx(expected[1], abs=0.03)  # scipy has an approximation
    assert result.low < result.value < result.high
    assert (result.models, result.subjects, result.recorded) == (8, 5, "real")


def test_correlate_tables_resamples_equal_subjects_together(tmp_path):
    scores = np.random.default_rng(1).normal(size=(6, 8))
    paired = correlate_tables(write(tmp_path / "a.csv", scores), write(tmp_path / "b.csv", scores), 100)
    assert (paired.low, paired.value, paired.high) == (1, pytest.approx(1), pytest.approx(1)) or paired.low > 0.999
    names = [f"other{i}" for i in range(6)]
    apart = correlate_tables(tmp_path / "a.csv", write(tmp_path / "c.csv", scores, subjects=names), 100)
    assert apart.low < 0.95


def test_correlate_tables_without_subjects_has_no_interval(tmp_path):
    (tmp_path / "a.csv").write_text("model,score\n" + "".join(f"m{i},{i}\n" for i in range(6)))
    result = correlate_tables(tmp_path / "a.csv", tmp_path / "a.csv")
    assert result.value == pytest.approx(1)
    assert result.p == pytest.approx(2 / 720)
    assert np.isnan([result.low, result.high]).all()


def test_correlate_tables_refuses_few_models_in_common(tmp_path):
    (tmp_path / "a.csv").write_text("model,score\n" + "".join(f"m{i},{i}\n" for i in range(6)))
    (tmp_path / "b.csv").write_text("model,score\n" + "".join(f"m{i},{i}\n" for i in range(1, 9)))
    with pytest.raises(RunError, match="Expected at least 6 models for a rank correlation, got 5"):
        correlate_tables(tmp_path / "a.csv", tmp_path / "b.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expected a table with the columns model and score"),
        ("name,score\na,1\n", "Expected a table with the columns model and score"),
        ("model,score\na,x\n", "Expected a number as score, got 'x' in line 2"),
        ("model,score\na\n", "Expected a number as score, got None in line 2"),
        ("model,score\na,nan\n", "Expected a number as score, got 'nan'"),
        ("model,score\na,1\na,2\n", "Expected one score for each model and subject, got two in line 3"),
        ("model,subject,score\na,s,1\na,t,1\nb,s,2\n", "same subjects, got t not of all"),
    ],
)
def test_read_scores_refuses_other_tables(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_scores(tmp_path / "a.csv")
    with pytest.raises(DataError, match="Cannot read"):
        read_scores(tmp_path / "none.csv")
