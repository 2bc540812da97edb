"""Run folders on disk: written atomically, checked by name and type, small."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.records import Records
from robustbench_endo.io_utils import replace_atomically, write_json
from robustbench_endo.results import Results, load_results
from robustbench_endo.results.integrity import read_run, write_run
from robustbench_endo.results.io import write_table


def to_table(results):
    """Records with the exact types of the schema, as an evaluation writes them."""
    return Records([dict(results.frame.items())]).to_table(results.schema)


@pytest.fixture
def run(tmp_path, results):
    """A run folder."""
    write_table(tmp_path / "results.parquet", to_table(results))
    write_run(tmp_path, results.info)
    return tmp_path


def replace_table(run, table):
    """Write other records as a run would."""
    write_table(run / "results.parquet", table)
    write_run(run, read_run(run))


def test_load_results_reads_what_was_written(run, results):
    loaded = load_results(run)
    assert list(loaded.frame.columns) == results.schema.names
    pd.testing.assert_frame_equal(loaded.scores(), results.scores(), rtol=1e-5)
    assert np.isnan(loaded.frame["hd"]).sum() == np.isnan(results.frame["hd"]).sum() > 0
    assert loaded.schema == to_table(results).schema == results.schema
    assert load_results(run / "results.parquet").info.items() >= results.info.items()


def test_load_results_rejects_folder_without_run(tmp_path, results):
    with pytest.raises(RunError, match="Expected a finished run in .*, got no run.json"):
        load_results(tmp_path)
    write_json(tmp_path / "run.json", {})
    (tmp_path / "results.parquet").touch()
    with pytest.raises(RunError, match="Expected a run of this version in .*, got a run.json without checksum"):
        load_results(tmp_path)
    pd.DataFrame({"model": ["m"]}).to_parquet(tmp_path / "results.parquet")
    write_run(tmp_path, results.info)
    with pytest.raises(RunError, match="got no corruption, severity"):
        load_results(tmp_path)


def test_load_results_rejects_corrupt_files(run, results):
    (run / "results.parquet").write_bytes(b"PAR1 half a table")
    with pytest.raises(RunError, match="Expected the files that the run in .* wrote, got results.parquet changed"):
        load_results(run)
    write_run(run, results.info)
    with pytest.raises(RunError, match="Cannot parse .*results.parquet: no valid Parquet table"):
        load_results(run)
    (run / "run.json").write_text("{")
    with pytest.raises(RunError, match="Cannot parse .*run.json: invalid JSON"):
        load_results(run)


@pytest.mark.parametrize(
    ("column", "kind", "text"),
    [
        ("severity", pa.int64(), "severity as int64 instead of int8"),
        ("iou_mean", pa.float64(), "iou_mean as double instead of float"),
        ("tp_2", pa.float32(), "tp_2 as float instead of int32"),
        ("model", pa.int32(), "model as int32 instead of string"),
    ],
)
def test_load_results_checks_types(run, column, kind, text):
    table = pq.read_table(run / "results.parquet")
    position = table.schema.get_field_index(column)
    values = pa.array(np.zeros(len(table))).cast(kind)
    other = table.set_column(position, pa.field(column, kind), values)
    replace_table(run, other)
    with pytest.raises(RunError, match=text):
        load_results(run)


@pytest.mark.parametrize("column", ["fn_2", "activity_brier", "seg_bin_correct_14"])
def test_load_results_needs_all_columns(run, column):
    table = pq.read_table(run / "results.parquet").drop_columns([column])
    replace_table(run, table)
    with pytest.raises(RunError, match=f"got no {column}"):
        load_results(run)


def test_load_results_reads_dictionaries_as_strings(run):
    table = pq.read_table(run / "results.parquet")
    replace_table(run, table.set_column(0, "model", table["model"].dictionary_encode()))
    assert load_results(run).table().notna().all(axis=None)


def test_run_of_paper_size_is_small(tmp_path, results):
    random = np.random.default_rng(0)
    rows = 402 * 96  # of one model; random numbers do not compress, measured ones do
    info = {**results.info, "tasks": {**results.info["tasks"], "segmentation": list("abcdefg")}}
    schema = Results(results.frame, info).schema
    columns = {}
    for field in schema:
        if pa.types.is_string(field.type):
            columns[field.name] = np.repeat(["one"], rows)
        elif pa.types.is_int32(field.type):
            columns[field.name] = random.integers(0, 300 if field.name.startswith("seg_bin_") else 300_000, rows)
            if field.name.startswith(("visible_", "hidden_")):
                columns[field.name][rows * 3 // 19 :] = 0  # 16 of the 19 corruptions cover nothing
        elif pa.types.is_integer(field.type):
            columns[field.name] = random.integers(0, 9, rows)
        else:
            columns[field.name] = random.random(rows)
    write_table(tmp_path / "x.parquet", Records([columns]).to_table(schema))
    assert (tmp_path / "x.parquet").stat().st_size < 60e6 / 3


def test_write_table_is_atomic(tmp_path, results):
    path = tmp_path / "x"
    path.write_bytes(b"before")

    def fail():
        with replace_atomically(path) as temporary:
            temporary.write_bytes(b"half")
            raise OSError("disk full")

    with pytest.raises(RunError, match="Cannot write .*x: disk full"):
        fail()
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
    write_table(path, to_table(results))
    assert pq.read_table(path).schema == results.schema
    assert list(tmp_path.iterdir()) == [path]


def test_loaded_columns_are_writable(run):
    frame = load_results(run).frame
    pd.testing.assert_frame_equal(frame, pq.read_table(run / "results.parquet").to_pandas(), check_exact=True)
    frame.loc[0, "dice_mean"] = 0.5
    frame.loc[0, "tp_0"] = 7
    assert frame.loc[0, ["dice_mean", "tp_0"]].tolist() == [0.5, 7]


def test_load_results_drops_index_of_pandas(run):
    frame = load_results(run).frame.iloc[::-1]
    frame.to_parquet(run / "results.parquet")
    write_run(run, read_run(run))
    assert list(load_results(run).frame.columns) == list(frame.columns)
