"""Checks of the files of a run folder."""

import pyarrow.parquet as pq
import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.run_checks import check_folder, run_conditions
from robustbench_endo.results.integrity import read_run, write_run


@pytest.fixture
def folder(make_plan, run):
    """A run folder."""
    return run(make_plan(frames=4)).path


def test_check_folder_passes_a_run(folder):
    assert [check.problem for check in check_folder(folder)] == ["", "", "", ""]
    assert len(check_folder(folder / "results.parquet")) == 4


def test_check_folder_stops_at_the_first_failure(folder):
    (folder / "summary.csv").write_text("edited")
    first, second = check_folder(folder)
    assert first.passed
    assert "got summary.csv changed" in second.problem


def test_check_folder_compares_records_with_chunks(folder):
    path = folder / "results.parquet"
    table = pq.read_table(path)
    pq.write_table(table, path, compression="gzip")  # other bytes, the same records
    write_run(folder, read_run(folder))
    assert all(check.passed for check in check_folder(folder))
    pq.write_table(table.take(list(range(len(table)))[::-1]), path)
    write_run(folder, read_run(folder))
    assert "Expected in" in check_folder(folder)[-1].problem


def test_check_folder_without_a_run_raises(tmp_path):
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(RunError, match="Expected a finished run in"):
            check_folder(path)


def test_run_conditions_are_those_of_the_plan(make_plan, run):
    plan = make_plan(frames=1, replicates=3)
    assert run_conditions(run(plan).info) == plan.conditions


@pytest.mark.parametrize("content", [b"", b"P", b"PAR1" + b"\xff" * 40 + b"PAR1"])
def test_check_folder_of_damaged_records_with_new_checksums_fails(folder, content):
    (folder / "results.parquet").write_bytes(content)
    write_run(folder, read_run(folder))
    assert check_folder(folder)[-1].problem.startswith("Cannot parse ")


@pytest.mark.parametrize("key", ["identity", "chunks"])
def test_check_folder_of_a_description_without_chunks_fails(folder, key):
    write_run(folder, {name: value for name, value in read_run(folder).items() if name != key})
    assert "Expected the identity and the chunks of a run" in check_folder(folder)[-1].problem
