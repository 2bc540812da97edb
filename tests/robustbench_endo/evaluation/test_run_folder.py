"""A run on disk: opened, resumed, finished."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.run_folder import RunFolder, chunk_file
from robustbench_endo.results import load_results

INFO = {"identity": {"seed": 0}, "created": "first", "chunks": 3}
TABLE = pa.table({"model": ["a"], "score": pa.array([0.5], pa.float32())})


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
    folder.open(INFO)
    folder.write_chunk(1, TABLE, [])
    chunk_file(tmp_path, 2).touch()
    assert folder.missing_chunks(range(3)) == [0, 2]
    assert folder.has_chunk(1)
    assert sorted((tmp_path / "records").iterdir()) == [chunk_file(tmp_path, 1), chunk_file(tmp_path, 2)]


def edit(path):
    """Change one value of a chunk."""
    table = pq.read_table(path)
    values = table["dice_mean"].to_pylist()
    column = pa.array([0.25, *values[1:]], pa.float32())
    position = table.schema.get_field_index("dice_mean")
    pq.write_table(table.set_column(position, table.schema.field(position), column), path)


def swap(path):
    """Give the chunk the records of the next one."""
    shutil.copy(path.with_name("chunk-00001.parquet"), path)


def shorten(path):
    """Remove the last row of a chunk."""
    table = pq.read_table(path)
    pq.write_table(table.slice(0, len(table) - 1), path)


def repeat(path):
    """Duplicate the last row of a chunk."""
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, table.slice(len(table) - 1)]), path)


def truncate(path):
    """Cut a chunk off."""
    path.write_bytes(path.read_bytes()[:-100])


def flip(path):
    """Change one bit in the middle of a chunk."""
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 16
    path.write_bytes(content)


def link(path):
    """Replace a chunk by a link to a copy of it."""
    copy = path.parents[2] / "copy.parquet"
    shutil.move(path, copy)
    path.symlink_to(copy)


@pytest.mark.parametrize("damage", [edit, swap, shorten, repeat, truncate, flip, link, Path.unlink])
def test_resume_computes_damaged_records_again(make_plan, run, damage):
    plan = make_plan(frames=2)
    run(plan)
    file, results = chunk_file(plan.config.out, 0), plan.config.out / "results.parquet"
    before = file.read_bytes(), results.read_bytes()
    damage(file)
    with pytest.raises(RunError, match="Expected the files that the run in .* wrote, got records/chunk-00000.parquet"):
        load_results(plan.config.out)
    run(plan)
    assert (file.read_bytes(), results.read_bytes()) == before
    assert load_results(plan.config.out).frame.shape[0]


def test_resume_computes_records_of_another_run_again(make_plan, run):
    first, second = make_plan(frames=2), make_plan(frames=2, seed=1, out=make_plan().config.out.with_name("other"))
    expected = run(first).frame
    run(second)
    shutil.copy(chunk_file(second.config.out, 0), chunk_file(first.config.out, 0))
    assert run(first).frame.equals(expected)


def test_run_folder_open_rejects_a_changed_description(tmp_path):
    RunFolder(tmp_path).open(INFO)
    file = tmp_path / "run.json"
    file.write_text(file.read_text().replace("first", "later"))
    with pytest.raises(RunError, match=r"Cannot use .*: run.json was changed after the run wrote it"):
        RunFolder(tmp_path).open(INFO)


def test_run_folder_finish_removes_what_a_killed_process_left(make_plan, run):
    plan = make_plan(frames=2)
    temporaries = [plan.config.out / folder / ".writing-x.abc" for folder in (".", "records", "gallery")]
    for path in temporaries:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    run(plan)
    assert not any(path.exists() for path in temporaries)
    assert json.loads((plan.config.out / "run.json").read_text())["finished"]


def test_run_folder_that_cannot_be_written_raises(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="Cannot write"):
        RunFolder(tmp_path / "file")
