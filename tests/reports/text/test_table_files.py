"""CSV and Parquet: read back, they contain the unrounded numbers of the results."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.reports.data.scores import score_table
from robustbench_endo.reports.text import write_tables
from robustbench_endo.reports.text.table_files import data_tables, long_format


@pytest.fixture
def results(make_run):
    return make_run(corruptions=["smoke", "contrast"], severities=[1, 3], gallery=False)


def test_write_tables_numbers_are_unrounded(results, tmp_path, resampling):
    files = write_tables(results, tmp_path / "tables", resampling)
    assert {file.stem for file in files} == {
        "scores",
        "table",
        "robustness",
        "failures",
        "failure_detection",
        "rankings",
        "labels",
        "settings",
    }
    for suffix, read in (("csv", pd.read_csv), ("parquet", pd.read_parquet)):
        numbers = read(tmp_path / "tables" / f"table.{suffix}").set_index(["category", "corruption", "metric", "model"])
        table = results.table(("miou",), resampling)
        for key in table.index:
            for model in results.models:
                row = numbers.loc[(*key, "miou", model)]
                expected = [table.at[key, ("miou", model, part)] for part in ("value", "low", "high")]
                np.testing.assert_allclose(row[["value", "low", "high"]].astype(float), expected, rtol=1e-12)
                assert row["unit"] == "%"
    scores = pd.read_parquet(tmp_path / "tables" / "scores.parquet")
    pd.testing.assert_frame_equal(scores[results.scores().columns], results.scores(), check_dtype=False)


def test_write_tables_without_scores(make_run, unscored, tmp_path):
    results = make_run(gallery=False, corruptions=["smoke"], severities=[1], edit=unscored)
    write_tables(results, tmp_path / "tables")
    assert pd.read_csv(tmp_path / "tables" / "scores.csv")["miou"].isna().all()


def test_data_tables_have_one_row_per_number(results):
    tables = data_tables(results)
    table = results.table()
    long = tables["table"]
    assert set(long.columns) == {"category", "corruption", "metric", "model", "unit", "value"}
    assert not long.duplicated(["category", "corruption", "metric", "model"]).any()
    assert len(long[long["metric"] == "miou"]) == (len(table) + 1) * len(results.models)  # a row for the floor
    assert not tables["robustness"].duplicated(["metric", "aggregate", "model"]).any()
    failures = tables["failures"].set_index(["category", "corruption", "metric", "model"])["value"]
    expected = results.failures().loc[("mean", "all"), ("activity_failed", results.models[0])]
    assert failures.loc["mean", "all", "activity_failed", results.models[0]] == expected


def test_data_tables_labels_equal_scores_per_class(results):
    labels = data_tables(results)["labels"]
    assert list(labels.columns) == ["model", "corruption", "severity", "task", "label", "metric", "score"]
    assert list(labels["label"].unique()) == results.labels["segmentation"]
    means = labels.groupby(["metric", "model", "corruption", "severity"])["score"].mean()
    scores = results.scores().set_index(["model", "corruption", "severity"])
    key = (results.models[0], "smoke", 3)
    assert means.loc[("iou", *key)] == pytest.approx(scores.loc[key, "miou"])
    assert means.loc[("dice", *key)] == pytest.approx(scores.loc[key, "dice"])


def test_long_format_has_ends_only_with_intervals(results, resampling):
    assert "low" not in long_format([score_table(results, ["miou"])])
    frame = long_format([score_table(results, ["miou"], resampling)])
    assert list(frame.columns)[-4:] == ["unit", "value", "low", "high"]
    scored = frame[frame["corruption"] != "floor"]
    assert (scored["low"] <= scored["value"]).all()
    assert frame.loc[frame["corruption"] == "floor", "low"].isna().all()
