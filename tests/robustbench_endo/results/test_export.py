"""Tables of a run as CSV and JSON."""

import io
import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.errors import RobustEndoError, RunError, UnknownNameError


def test_to_csv_of_scores_reads_back_as_the_scores(results, tmp_path):
    text = results.to_csv()
    scores = results.scores()
    expected = scores.replace([np.inf], np.nan)
    read = pd.read_csv(io.StringIO(text)).replace([np.inf], np.nan)
    pd.testing.assert_frame_equal(read, expected, check_dtype=False)
    assert results.to_csv(tmp_path / "scores.csv") is None
    assert (tmp_path / "scores.csv").read_text("utf-8") == text


def test_to_csv_of_table_has_one_row_per_number(results):
    table = results.table()
    read = pd.read_csv(io.StringIO(results.to_csv(what="table")))
    assert list(read) == ["category", "corruption", "metric", "model", "value"]
    values = read.set_index(["category", "corruption", "metric", "model"])["value"]
    assert values["digital", "contrast", "miou", "b"] == pytest.approx(
        table.loc[("digital", "contrast"), ("miou", "b")]
    )
    assert len(read) == table.size


def test_to_csv_with_intervals_has_their_ends(results):
    table = results.table(intervals=True)
    read = pd.read_csv(io.StringIO(results.to_csv(what="table", intervals=True)))
    row = read.query("corruption == 'smoke' and metric == 'accuracy' and model == 'b'").iloc[0]
    expected = table.loc[("occlusion", "smoke"), ("accuracy", "b")]
    assert [row[part] for part in ("value", "low", "high")] == pytest.approx(expected.tolist(), nan_ok=True)


@pytest.mark.parametrize(("what", "rows"), [("robustness", "aggregate"), ("frame", "image_id")])
def test_to_csv_writes_other_tables(results, what, rows):
    assert rows in results.to_csv(what=what).partition("\n")[0].split(",")


def test_to_json_scores_are_the_scores(results, tmp_path):
    results.to_json(tmp_path / "scores.json")
    content = json.loads((tmp_path / "scores.json").read_text("utf-8"))
    expected = results.scores().replace([np.inf], np.nan)
    scores = pd.DataFrame(content["scores"]).astype(expected.dtypes)  # a metric without numbers has only None
    pd.testing.assert_frame_equal(scores, expected)
    assert content["metrics"]["miou"]["unit"] == "%"
    assert content["metrics"]["hd"]["higher_is_better"] is False
    assert (content["format"], content["version"]) == ("robustbench_endo.results", 1)
    assert content["provenance"]["suite"]["name"] == "endo19"
    assert content["intervals"] is None


def test_to_json_is_strict_for_any_value(results):
    info = {**results.info, "timings": {"total": math.nan, "a": np.float32(2), "b": np.inf}, "x": (1, {2}), "files": {}}
    text = replace(results, info=info).to_json(intervals=True)

    def refuse(constant):
        raise AssertionError(constant)

    content = json.loads(text, parse_constant=refuse)
    assert content["provenance"]["timings"] == {"total": None, "a": 2.0, "b": None}
    assert content["provenance"]["x"] == [1, "{2}"]
    assert "files" not in content["provenance"]
    assert content["intervals"]["intervals"].startswith("95 % intervals")
    assert "miou_low" in content["scores"][0]


def test_to_csv_rejects_wrong_arguments(results, tmp_path):
    with pytest.raises(UnknownNameError, match="the name of a table of a run, got 'score': did you mean scores"):
        results.to_csv(what="score")
    with pytest.raises(RobustEndoError, match=r"path to be the name of a file, got 3: .* results\.to_csv\(\) returns"):
        results.to_csv(3)
    with pytest.raises(RobustEndoError, match="no intervals with what='frame'"):
        results.to_csv(what="frame", intervals=True)
    with pytest.raises(RunError, match=r"Cannot write .*x\.json: No such file or directory"):
        results.to_json(tmp_path / "absent" / "x.json")
