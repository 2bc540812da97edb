"""Tables of a run folder that do not follow from its records."""

import pandas as pd
import pytest

from robustbench_endo.reports import check_tables, write_reports


def problem(results):
    """The problem of the only check."""
    (check,) = check_tables(results)
    return check.problem


def test_check_tables_passes_tables_with_and_without_intervals(make_run):
    run = make_run(models=["=one", "two"], corruptions=["smoke"], severities=[1, 3], gallery=False)
    assert check_tables(run) == []
    for intervals in (False, True):
        write_reports(run, run.path, ("csv",), intervals)
        assert problem(run) == ""


@pytest.mark.parametrize("name", ["scores.csv", "table.csv", "robustness.parquet", "labels.csv"])
@pytest.mark.parametrize("edit", ["number", "text", "row"])
def test_check_tables_names_a_changed_file(make_run, name, edit):
    run = make_run(models=["one", "two"], corruptions=["smoke"], severities=[1, 3], gallery=False)
    write_reports(run, run.path, ("csv",))
    path = run.path / "tables" / name
    frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    if edit == "row":
        frame = frame.iloc[1:]
    elif edit == "text":
        frame["model"] = frame["model"].replace("one", "best")
    else:
        column = next(iter(frame.select_dtypes("number").columns[::-1]))
        frame[column] = frame[column] + 1
    _ = frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_parquet(path, index=False)
    assert problem(run) == f"tables/{name} was changed, or is of other records: write it again."
