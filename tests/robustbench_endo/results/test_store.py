"""The table on disk: written whole, checked by name and type, small and quick."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.results import load_results
from robustbench_endo.results.io import as_table, write_json, write_table, write_whole
from robustbench_endo.results.schema import COUNTED, KEYS, MEASURED, arrow_schema, count_columns


@pytest.fixture
def run(tmp_path, results):
    """A run folder."""
    write_json(tmp_path / "run.json", results.info)
    write_table(tmp_path / "results.parquet", as_table(results.frame))
    return tmp_path


def test_what_is_read_is_what_was_written(run, results):
    found = load_results(run)
    assert list(found.frame.columns) == as_table(results.frame).schema.names
    pd.testing.assert_frame_equal(found.scores(), results.scores(), rtol=1e-5)
    assert np.isnan(found.frame["hd"]).sum() == np.isnan(results.frame["hd"]).sum() > 0
    assert load_results(run / "results.parquet").info == results.info


def test_no_run_there(tmp_path):
    with pytest.raises(RunError, match="Expected a finished run in .*, got no run.json"):
        load_results(tmp_path)
    write_json(tmp_path / "run.json", {})
    pd.DataFrame({"model": ["m"]}).to_parquet(tmp_path / "results.parquet")
    with pytest.raises(RunError, match="got no corruption, severity"):
        load_results(tmp_path)


def test_damage_is_told(run):
    (run / "results.parquet").write_bytes(b"PAR1 half a table")
    with pytest.raises(RunError, match="Expected a Parquet table in .*results.parquet, got damage"):
        load_results(run)
    write_table(run / "results.parquet", pa.table(arrow_schema(3).empty_table()))
    (run / "run.json").write_text("{")
    with pytest.raises(RunError, match="Expected JSON in .*run.json, got damage"):
        load_results(run)


@pytest.mark.parametrize(
    ("column", "kind", "text"),
    [
        ("severity", pa.int64(), "severity as int64 instead of int8"),
        ("miou", pa.float64(), "miou as double instead of float"),
        ("tp_2", pa.float32(), "tp_2 as float instead of int32"),
        ("model", pa.int32(), "model as int32 instead of string"),
    ],
)
def test_types_are_checked_on_read_and_on_write(run, column, kind, text):
    table = pq.read_table(run / "results.parquet")
    place = table.schema.get_field_index(column)
    values = pa.array(np.zeros(len(table))).cast(kind)
    other = table.set_column(place, pa.field(column, kind), values)
    with pytest.raises(RunError, match=text):
        write_table(run / "results.parquet", other)
    pq.write_table(other, run / "results.parquet")
    with pytest.raises(RunError, match=text):
        load_results(run)


def test_a_class_needs_all_its_counts(run):
    table = pq.read_table(run / "results.parquet").drop_columns(["fn_2"])
    pq.write_table(table, run / "results.parquet")
    with pytest.raises(RunError, match="got no fn_2"):
        load_results(run)


def test_dictionaries_of_strings_are_strings(run):
    table = pq.read_table(run / "results.parquet")
    write_table(run / "results.parquet", table.set_column(0, "model", table["model"].dictionary_encode()))
    assert load_results(run).table().notna().all(axis=None)


def test_a_run_of_the_size_of_the_papers_is_small(tmp_path):
    random = np.random.default_rng(0)
    rows = 402 * 96  # of one model; random numbers do not compress, real ones do
    columns = {name: np.repeat(["one"], rows) for name, kind in KEYS.items() if pa.types.is_string(kind)}
    columns["severity"] = np.ones(rows, int)
    columns |= {name: random.random(rows) for name in MEASURED}
    columns |= {name: random.integers(0, 9, rows) for name in COUNTED}
    columns |= {name: random.integers(0, 300_000, rows) for name in count_columns(7)}
    columns |= {name: random.integers(0, 300, rows) for name in arrow_schema(7).names if name.startswith("seg_bin_")}
    write_table(tmp_path / "x.parquet", as_table(pd.DataFrame(columns)))
    assert (tmp_path / "x.parquet").stat().st_size < 60e6 / 3


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "x"
    write_whole(path, lambda file: file.write(b"before"))

    def fail(file):
        file.write(b"half")
        raise OSError

    with pytest.raises(OSError, match=r"^$"):
        write_whole(path, fail)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_columns_can_be_written_to_and_are_as_arrow_reads_them(run):
    frame = load_results(run).frame
    pd.testing.assert_frame_equal(frame, pq.read_table(run / "results.parquet").to_pandas(), check_exact=True)
    frame.loc[0, "dice"] = 0.5
    frame.loc[0, "tp_0"] = 7
    assert frame.loc[0, ["dice", "tp_0"]].tolist() == [0.5, 7]


def test_a_table_that_pandas_wrote_has_no_column_for_its_index(run):
    frame = load_results(run).frame.iloc[::-1]
    frame.to_parquet(run / "results.parquet")
    assert list(load_results(run).frame.columns) == list(frame.columns)
