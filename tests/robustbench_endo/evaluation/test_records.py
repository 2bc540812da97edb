"""Records of chunks, merged to one table in order."""

from io import BytesIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from robustbench_endo.evaluation import records as records_module
from robustbench_endo.evaluation.batch import Batch, Failure
from robustbench_endo.evaluation.conditions import Condition, list_conditions
from robustbench_endo.evaluation.records import Records, merge_records, read_failures
from robustbench_endo.evaluation.run_folder import RunFolder, chunk_file
from robustbench_endo.results.schema import arrow_schema
from robustbench_endo.tasks.registry import TASKS

MODELS = ["b", "a"]
CONDITIONS = list_conditions(("smoke", "defocus_blur"), (1, 3), replicates={"smoke": 2})
SCHEMA = arrow_schema(
    TASKS,
    {"activity": ("idle", "cut"), "segmentation": ("background", "tool")},
    {task.name: [metric for metric in task.metrics() if metric.record_columns] for task in TASKS},
)


def table(frames) -> pa.Table:
    """Records as a chunk has them: by condition, then model, then frame."""
    keys = [(model, *condition, frame) for condition in CONDITIONS for model in MODELS for frame in frames]
    random = np.random.default_rng(frames[0])
    columns = dict(
        zip(("model", "corruption", "severity", "replicate", "image_id"), zip(*keys, strict=True), strict=True)
    )
    columns["image_id"] = [f"frame {frame}" for frame in columns["image_id"]]
    columns["subject_id"] = [f"subject {key[-1] % 2}" for key in keys]
    rest = [field for field in SCHEMA if field.name not in columns]
    numbers = {
        field.name: np.where(random.random(len(keys)) < 0.1, np.nan, random.random(len(keys)))
        if field.type == pa.float32()
        else random.integers(0, 9, len(keys))
        for field in rest
    }
    arrays = [pa.array({**columns, **numbers}[field.name], field.type, from_pandas=False) for field in SCHEMA]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


@pytest.fixture
def chunks(tmp_path):
    """Records of seven frames in three chunks, as files and as one table."""
    folder, parts = RunFolder(tmp_path), [(0, 1, 2), (3, 4, 5), (6,)]
    for number, frames in enumerate(parts):
        folder.write_chunk(number, table(frames), [Failure(f"frame {frames[0]}", "dark")] if number != 1 else [])
    return [chunk_file(tmp_path, number) for number in range(3)], pa.concat_tables(map(table, parts))


def in_order(records: pa.Table) -> pa.Table:
    frame = records.to_pandas()
    rank = {condition: position for position, condition in enumerate(CONDITIONS)}
    frame["rank"] = [rank[key] for key in zip(frame["corruption"], frame["severity"], frame["replicate"], strict=True)]
    frame["position"] = frame["model"].map({name: position for position, name in enumerate(MODELS)})
    return records.take(pa.array(frame.sort_values(["position", "rank"], kind="stable").index))


def test_merge_records_writes_the_bytes_of_the_sorted_table(chunks, tmp_path):
    files, records = chunks
    assert merge_records(tmp_path / "full.parquet", files, MODELS, CONDITIONS) == len(records) == 7 * 7 * 2
    buffer = BytesIO()
    pq.write_table(in_order(records), buffer, compression="zstd")
    assert (tmp_path / "full.parquet").read_bytes() == buffer.getvalue()


@pytest.mark.parametrize("rows", [1, 16, 97, 98])
def test_merge_records_in_parts_gives_the_same_records(chunks, tmp_path, monkeypatch, rows):
    files, records = chunks
    monkeypatch.setattr(records_module, "MAX_ROWS", rows)
    monkeypatch.setattr(records_module, "MAX_PARTS", 100)
    merge_records(tmp_path / "parts.parquet", files, MODELS, CONDITIONS)
    assert pq.read_metadata(tmp_path / "parts.parquet").num_row_groups == -(-98 // rows)
    merged = pq.read_table(tmp_path / "parts.parquet")
    assert merged.schema.equals(SCHEMA)
    assert merged.to_pandas().equals(in_order(records).to_pandas())


def test_merge_records_limits_the_number_of_parts(chunks, tmp_path, monkeypatch):
    monkeypatch.setattr(records_module, "MAX_ROWS", 1)
    monkeypatch.setattr(records_module, "MAX_PARTS", 4)
    merge_records(tmp_path / "parts.parquet", chunks[0], MODELS, CONDITIONS)
    assert pq.read_metadata(tmp_path / "parts.parquet").num_row_groups == 4


def test_read_failures_in_the_order_of_the_chunks(chunks):
    assert read_failures(chunks[0]) == [{"id": f"frame {frame}", "reason": "dark"} for frame in (0, 6)]


def test_merge_records_without_records_writes_nothing(tmp_path):
    RunFolder(tmp_path).write_chunk(0, SCHEMA.empty_table(), [])
    assert merge_records(tmp_path / "none.parquet", [chunk_file(tmp_path, 0)], MODELS, CONDITIONS) == 0
    assert not (tmp_path / "none.parquet").exists()


def batch_of(*ids):
    count = len(ids)
    return Batch(torch.zeros(count, 3, 4, 4), {}, ids, ("patient",) * count, {})


def test_records_to_table_has_the_types_of_the_schema():
    schema = pa.schema([("model", pa.string()), ("severity", pa.int8()), ("dice", pa.float32())])
    records = Records()
    records.add("m", Condition("smoke", 2), batch_of("a", "b"), {"dice": np.array([0.5, np.nan])})
    rows = records.to_table(schema)
    assert rows.schema.equals(schema)
    assert rows["severity"].to_pylist() == [2, 2]
    assert rows["dice"].null_count == 0
    assert np.isnan(rows["dice"].to_pylist()[1])
    assert len(Records().to_table(schema)) == 0


def test_records_addition_keeps_rows_and_failures_in_order():
    first, second = Records([{"a": 1}], [Failure("x", "r")]), Records([{"a": 2}], [])
    both = first + second
    first.extend(second)
    assert both.parts == first.parts == [{"a": 1}, {"a": 2}]
    assert both.failures == first.failures == [Failure("x", "r")]
