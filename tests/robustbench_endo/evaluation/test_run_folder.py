"""A run on disk: opened, resumed, finished."""

import json

import pyarrow.parquet as pq
import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.run_folder import RunFolder, chunk_file

INFO = {"identity": {"seed": 0}, "created": "first", "chunks": 3}


def test_run_folder_open_preserves_the_date_of_the_first_call(tmp_path):
    folder = RunFolder(tmp_path)
    assert folder.open(INFO)["created"] == "first"
    assert folder.open({**INFO, "created": "second"})["created"] == "first"


def test_run_folder_open_rejects_another_run(tmp_path):
    RunFolder(tmp_path).open(INFO)
    with pytest.raises(RunError, match="Cannot resume .*: seed changed from 0 to 1"):
        RunFolder(tmp_path).open({**INFO, "identity": {"seed": 1}})


def test_run_folder_open_rejects_another_number_of_shards(tmp_path):
    RunFolder(tmp_path).open({**INFO, "shards": 3})
    with pytest.raises(RunError, match="it is divided into 3 shards, not 4. Use --shard i/3"):
        RunFolder(tmp_path).open({**INFO, "shards": 4})


def test_run_folder_missing_chunks_are_those_without_records(tmp_path):
    folder = RunFolder(tmp_path)
    chunk_file(tmp_path, 1).touch()
    assert folder.missing_chunks(range(3)) == [0, 2]
    assert folder.has_chunk(1)
    assert list((tmp_path / "records").iterdir()) == [chunk_file(tmp_path, 1)]


def test_run_folder_finish_rejects_records_of_something_else(make_plan, run):
    plan = make_plan(frames=2)
    run(plan)
    results = plan.config.out / "results.parquet"
    before = results.read_bytes()
    file = chunk_file(plan.config.out, 0)
    table = pq.read_table(file)
    pq.write_table(table.drop_columns("dice_mean").replace_schema_metadata(table.schema.metadata), file)
    with pytest.raises(RunError, match="got no dice_mean"):
        run(plan)
    assert results.read_bytes() == before


def test_run_folder_finish_removes_what_a_killed_process_left(make_plan, run):
    plan = make_plan(frames=2)
    partial = plan.config.out / "records" / ".chunk-00000.parquet.abc"
    partial.touch()
    run(plan)
    assert not partial.exists()
    assert json.loads((plan.config.out / "run.json").read_text())["finished"]


def test_run_folder_that_cannot_be_written_raises(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="Cannot write"):
        RunFolder(tmp_path / "file")
