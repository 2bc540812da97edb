"""Records of a chunk identify themselves."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robustbench_endo.evaluation.chunk_integrity import CHECKSUM, NO_FILE, chunk_problem, chunk_stamp


@pytest.fixture
def table():
    """Every type of column."""
    return pa.table(
        {
            "model": ["é", "b"],
            "severity": pa.array([1, 2], pa.int8()),
            "score": pa.array(np.array([np.nan, -0.0], np.float32), from_pandas=False),
            "image_checksum": pa.array([-(2**63), 7], pa.int64()),
        }
    )


def write(path, table, run="r", chunk=3):
    pq.write_table(table.replace_schema_metadata(chunk_stamp(table, b"[]", run, chunk)), path)
    return path


def test_chunk_problem_of_written_records_is_empty(tmp_path, table):
    path = write(tmp_path / "x.parquet", table)
    assert chunk_problem(path, "r", 3) == ""
    assert chunk_problem(path, "s", 3) == "they belong to another run"
    assert chunk_problem(path, "r", 4) == "they are those of another chunk"
    assert chunk_problem(tmp_path / "y.parquet", "r", 3) == NO_FILE


def test_chunk_problem_of_an_arbitrary_nan_is_empty(tmp_path, table):
    stamp = chunk_stamp(table, b"[]", "r", 3)
    other = np.array([0xFFC00001, 0x80000000], np.uint32).view(np.float32)
    changed = table.set_column(2, "score", pa.array(other, from_pandas=False))
    pq.write_table(changed.replace_schema_metadata(stamp), tmp_path / "x.parquet")
    assert chunk_problem(tmp_path / "x.parquet", "r", 3) == ""


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("model", pa.array(["é", "c"])),
        ("severity", pa.array([1, 3], pa.int8())),
        ("severity", pa.array([1, 2], pa.int16())),
        ("score", pa.array(np.array([np.nan, 0.0], np.float32), from_pandas=False)),
        ("image_checksum", pa.array([-(2**63), 8], pa.int64())),
    ],
)
def test_chunk_problem_of_changed_values(tmp_path, table, column, values):
    stamp = chunk_stamp(table, b"[]", "r", 3)
    changed = table.set_column(table.schema.get_field_index(column), column, values)
    pq.write_table(changed.replace_schema_metadata(stamp), tmp_path / "x.parquet")
    assert chunk_problem(tmp_path / "x.parquet", "r", 3) == "they are damaged or were changed"


@pytest.mark.parametrize("key", ["failures", "run", "chunk", "checksum"])
def test_chunk_problem_of_changed_metadata(tmp_path, table, key):
    stamp = chunk_stamp(table, b"[]", "r", 3) | {key.encode(): b"4"}
    pq.write_table(table.replace_schema_metadata(stamp), tmp_path / "x.parquet")
    assert "damaged or were changed" in chunk_problem(tmp_path / "x.parquet", "r", 3)
    del stamp[CHECKSUM]
    pq.write_table(table.replace_schema_metadata({}), tmp_path / "x.parquet")
    assert chunk_problem(tmp_path / "x.parquet", "r", 3) == "they are not records of this version"


def test_chunk_problem_of_damaged_bytes_never_raises(tmp_path, table):
    path = write(tmp_path / "x.parquet", table)
    content, random = path.read_bytes(), np.random.default_rng(0)
    for position in random.integers(0, len(content), 200):
        damaged = bytearray(content)
        damaged[position] ^= 1 << int(random.integers(8))
        path.write_bytes(damaged)
        assert isinstance(chunk_problem(path, "r", 3), str)
    for length in (0, 4, 10, len(content) - 1):
        path.write_bytes(content[:length])
        assert chunk_problem(path, "r", 3).startswith("they are damaged")
