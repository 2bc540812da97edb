"""Scores over the whole frame and over the content area in reports."""

from __future__ import annotations

import pytest

from robustbench_endo.reports.data.regions import region_tables
from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.html.page import html
from robustbench_endo.reports.pdf.tables import report_tables


@pytest.fixture
def with_surround(make_run):
    """A run in which one frame has a surround of background that is labelled as the first class."""

    def edit(frame, info):
        first = frame["image_id"] == frame["image_id"].iloc[0]
        frame.loc[first, "content_share"] = 0.9
        frame.loc[first, "surround_tp_0"] = 500
        return frame

    return make_run(gallery=False, edit=edit)


def test_region_tables_have_both_regions_of_a_run_with_a_surround(with_surround):
    (table,) = region_tables(with_surround)
    scores = with_surround.scores().query("corruption == 'clean'").set_index("model")
    labels = [row.label for row in table.rows]
    assert labels[:2] == ["mIoU, whole frame, clean", "mIoU, content area, clean"]
    for row, name in zip(table.rows, ("miou", "miou_content"), strict=False):
        assert [cell.value for cell in row.cells] == pytest.approx(scores.loc[with_surround.models, name].tolist())
    assert table.rows[0].cells[0].value > table.rows[1].cells[0].value
    assert "1 of " in table.remarks[0]
    assert "over the whole frame." in table.remarks[0]


def test_region_tables_are_in_html_and_pdf(with_surround):
    report = report_data(with_surround)
    page = html(report)
    assert "Content area" in page
    assert "mIoU, content area, clean" in page
    assert report_tables(report)["regions"]["note"] == report.regions[0].remarks[0]


def test_region_tables_are_none_without_a_surround(make_run):
    run = make_run(gallery=False)
    assert region_tables(run) == []
    assert "miou_content" not in report_data(run).metrics
