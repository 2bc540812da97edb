from io import BytesIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation import merge_records as gathering
from robustbench_endo.evaluation.batch import Failure
from robustbench_endo.evaluation.conditions import plan
from robustbench_endo.evaluation.merge_records import gather, read_failures
from robustbench_endo.evaluation.run_folder import RunFolder, chunk_file
from robustbench_endo.results.schema import arrow_schema

MODELS = ["b", "a"]
CONDITIONS = plan(("smoke", "defocus_blur"), (1, 3))
SCHEMA = arrow_schema(2)


def table(frames) -> pa.Table:
    """Records as a chunk has them: by condition, then model, then frame."""
    keys = [(model, *condition, frame) for condition in CONDITIONS for model in MODELS for frame in frames]
    random = np.random.default_rng(frames[0])
    columns = dict(zip(("model", "corruption", "severity", "image_id"), zip(*keys, strict=True), strict=True))
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
    rank = {condition: place for place, condition in enumerate(CONDITIONS)}
    frame["rank"] = [rank[key] for key in zip(frame["corruption"], frame["severity"], strict=True)]
    frame["place"] = frame["model"].map({name: place for place, name in enumerate(MODELS)})
    return records.take(pa.array(frame.sort_values(["place", "rank"], kind="stable").index))


def test_bytes_are_those_of_the_sorted_table(chunks, tmp_path):
    files, records = chunks
    assert gather(tmp_path / "whole.parquet", files, MODELS, CONDITIONS) == len(records) == 7 * 5 * 2
    buffer = BytesIO()
    pq.write_table(in_order(records), buffer, compression="zstd")
    assert (tmp_path / "whole.parquet").read_bytes() == buffer.getvalue()


@pytest.mark.parametrize("rows", [1, 16, 69, 70])
def test_parts_hold_the_same_records(chunks, tmp_path, monkeypatch, rows):
    files, records = chunks
    monkeypatch.setattr(gathering, "ROWS", rows)
    monkeypatch.setattr(gathering, "PARTS", 100)
    gather(tmp_path / "parts.parquet", files, MODELS, CONDITIONS)
    assert pq.read_metadata(tmp_path / "parts.parquet").num_row_groups == -(-70 // rows)
    found = pq.read_table(tmp_path / "parts.parquet")
    assert found.schema.equals(SCHEMA)
    assert found.to_pandas().equals(in_order(records).to_pandas())


def test_parts_are_few(chunks, tmp_path, monkeypatch):
    monkeypatch.setattr(gathering, "ROWS", 1)
    monkeypatch.setattr(gathering, "PARTS", 4)
    gather(tmp_path / "parts.parquet", chunks[0], MODELS, CONDITIONS)
    assert pq.read_metadata(tmp_path / "parts.parquet").num_row_groups == 4


def test_failures_in_the_order_of_the_chunks(chunks):
    assert read_failures(chunks[0]) == [{"id": f"frame {frame}", "reason": "dark"} for frame in (0, 6)]


def test_nothing_is_written_of_nothing(tmp_path):
    RunFolder(tmp_path).write_chunk(0, SCHEMA.empty_table(), [])
    assert gather(tmp_path / "none.parquet", [chunk_file(tmp_path, 0)], MODELS, CONDITIONS) == 0
    assert not (tmp_path / "none.parquet").exists()


def test_a_chunk_of_something_else(chunks, tmp_path):
    for file in chunks[0]:
        pq.write_table(pq.read_table(file).drop_columns("dice"), file)
    with pytest.raises(RunError, match="got no dice"):
        gather(tmp_path / "whole.parquet", chunks[0], MODELS, CONDITIONS)
    assert not (tmp_path / "whole.parquet").exists()
