"""Tables of the PDF: split to fit a page, every column exactly once."""

from __future__ import annotations

import json

import pytest

from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.data.scores import score_table
from robustbench_endo.reports.pdf.tables import (
    COLUMNS,
    as_data,
    report_tables,
    score_pages,
    split,
)


@pytest.fixture
def wide_table(make_run):
    """A function that returns the scores of some models by two metrics."""

    def make(n_models):
        names = [f"m{index}" for index in range(n_models)]
        return score_table(
            make_run(models=names, corruptions=["smoke"], severities=[1], gallery=False), ["miou", "dice"]
        )

    return make


@pytest.mark.parametrize(
    ("n_models", "widths"), [(1, [2]), (4, [8]), (5, [5, 5]), (12, [6, 6, 6, 6]), (20, [7, 7, 6, 7, 7, 6])]
)
def test_score_pages_fit_page_and_contain_every_column(wide_table, n_models, widths):
    table = wide_table(n_models)
    pages = score_pages(table, ["miou", "dice"])
    assert [len(page["columns"]) for page in pages] == widths
    assert all(len(page["columns"]) <= COLUMNS for page in pages)
    headings = [heading["text"] for page in pages for heading in page["headings"] for _ in range(heading["width"])]
    models = [column["label"] for page in pages for column in page["columns"]]
    expected = [(f"{column.metric.label} (%)", column.label) for column in table.columns]
    assert sorted(zip(headings, models, strict=True)) == sorted(expected)


def test_as_data_keeps_text_and_flags_of_cells(annotated_run):
    table = score_table(annotated_run, ["miou"])
    data = as_data(table, annotated_run.models)
    for row, entry in zip(table.rows, data["rows"], strict=True):
        assert (entry["label"], entry["summary"], entry["indent"]) == (row.label, row.kind.summary, row.kind.indent)
        assert [cell["text"] for cell in entry["cells"]] == [cell.text for cell in row.cells]
        assert [cell["marks"] for cell in entry["cells"]] == [cell.marks for cell in row.cells]
    assert data["headings"] == [{"text": "mIoU (%)", "arrow": "↑", "width": 2}]
    assert [column["model"] for column in data["columns"]] == [0, 1]
    assert data["trained_on"]
    json.dumps(data, allow_nan=False)


def test_split_repeats_columns_without_model(usual_report):
    table = usual_report.by_subject.table
    parts = split(table, usual_report.models, 2)
    assert [[column["label"] for column in part["columns"]] for part in parts] == [
        ["Frames", *usual_report.models[:2]],
        ["Frames", usual_report.models[2]],
    ]
    assert split(table, usual_report.models, 3) == [as_data(table, usual_report.models)]


def test_report_tables_contain_every_part(usual_report):
    tables = report_tables(usual_report)
    for name in ("scores", "overview", "labels", "by_subject", "envelope", "relative", "failures", "comparison"):
        assert tables[name], name
    metrics = [heading["text"] for page in tables["scores"] for heading in page["headings"]]
    assert metrics == ["Activity accuracy (%)", "mIoU (%)"]
    assert len([row["label"] for part in tables["overview"] for row in part["rows"]]) == len(usual_report.metrics)


def test_report_tables_put_tasks_and_metrics_next_to_each_other(usual_report):
    tables = report_tables(usual_report)
    (failures,) = tables["failures"]
    assert [heading["text"] for heading in failures["headings"]] == ["Masks", "Activities"]
    assert [column["label"] for column in failures["columns"]] == usual_report.models * 2
    (differences,) = tables["comparison"]["differences"]
    assert len(differences["columns"]) == 4
    blocks = usual_report.comparison.by_metric
    first = [cell.text for block in blocks for cell in block.differences.rows[0].cells]
    assert [cell["text"] for cell in differences["rows"][0]["cells"]] == first
    assert not any("pooled" in cell["detail"] for row in differences["rows"] for cell in row["cells"])


def test_report_tables_of_the_first_screen_have_intervals(usual_report):
    first = report_tables(usual_report)["first"]
    assert first["models"]["parts"] == [column.keys["part"] for column in usual_report.first.models.columns]
    index = first["models"]["parts"].index("worst")
    for row, expected in zip(first["models"]["rows"], usual_report.first.models.rows, strict=True):
        assert row["cells"][index]["interval"] == expected.cells[index].interval
        assert row["cells"][index]["below"] == expected.cells[index].detail


def test_report_tables_omit_missing_parts(make_run, unscored):
    report = report_data(make_run(models=["a"], corruptions=["smoke"], severities=[1], gallery=False, edit=unscored))
    tables = report_tables(report)
    assert tables["comparison"] is tables["envelope"] is None
    assert tables["labels"] == tables["failures"] == []
    assert tables["first"]["models"] is None
