"""Failure detection and promises of prediction sets, in reports."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_endo.reports.data.failure_detection import MEASURES, failure_detection_report
from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.html.page import html
from robustbench_endo.reports.pdf.failure_detection import failure_detection_part
from robustbench_endo.reports.pdf.figures import FigureFolder
from robustbench_endo.reports.plotting.risk_coverage import describe_risk_coverage, risk_coverage_figure
from robustbench_endo.results import Resampling


@pytest.fixture(scope="module")
def part(usual_run):
    return failure_detection_report(usual_run, Resampling())


@pytest.fixture
def promised(make_run):
    """A run whose first model has a calibration that breaks at severity 3."""

    def edit(frame, info):
        rng = np.random.default_rng(0)
        risk = np.where(frame["severity"] >= 3, 0.6, 0.02) + rng.uniform(0, 0.01, len(frame))
        first = frame["model"] == "first"
        frame["segmentation_set_fnr"] = np.where(first, risk, np.nan)
        frame["activity_set_covered"] = np.where(first, (risk < 0.5).astype(float), np.nan)
        for name in ("segmentation_set_size", "activity_set_size"):
            frame[name] = np.where(first, 1.25, np.nan)
        entry = {"alpha": 0.1, "unit": "subject", "tasks": {"segmentation": {"temperature": 1.0}}, "data": {}}
        info["calibrations"] = {"first": entry}
        return frame

    return make_run(["first", "second"], ["smoke"], [1, 3], gallery=False, edit=edit)


def test_tables_have_every_measure_of_each_task(usual_run, part):
    assert [table.name for table in part.tables] == ["failure-detection-segmentation", "failure-detection-activity"]
    for table in part.tables:
        assert [row.label for row in table.rows[: len(MEASURES)]] == list(MEASURES.values())
        assert table.models == tuple(usual_run.models)
    scores = usual_run.failure_detection("probability", by_corruption=False).query("loss == 'failure'")
    row = scores[(scores["task"] == "segmentation") & (scores["model"] == usual_run.models[0])]
    last = row[row["severity"] == max(usual_run.severities)]["aurc"].item()
    assert part.tables[0].rows[0].cells[0].value == pytest.approx(last)
    assert part.tables[0].rows[0].cells[0].text.endswith(f"→ {last:.1f}")
    assert part.promises == ()


def test_curves_end_at_the_failure_rate(usual_run, part):
    lines = part.curves[0].lines
    assert list(lines) == usual_run.models
    failed = usual_run.failures()["segmentation_failed"]
    for model, by_severity in lines.items():
        assert by_severity[0][1][-1] == pytest.approx(failed.loc[("clean", "clean"), model])
        assert set(by_severity) == {0, *usual_run.severities}


def test_figure_has_a_panel_per_model(usual_run, part):
    figure = risk_coverage_figure(part.curves[0])
    assert [axes.get_title("left") for axes in figure.axes] == usual_run.models[:4]
    assert all(len(axes.lines) == 1 + len(usual_run.severities) for axes in figure.axes)
    assert describe_risk_coverage(part.curves[0]).startswith("Risk of all frames and of the more confident half")


def test_promise_says_where_it_breaks(promised):
    (table,) = failure_detection_report(promised, Resampling()).promises
    (row,) = table.rows
    assert row.label == "first, segmentation"
    assert [column.label for column in table.columns] == ["Promise", "Clean", "1", "3", "Breaks at"]
    assert [cell.text for cell in row.cells][0::4] == ["at most 10", "severity 3"]
    assert [cell.detail for cell in row.cells] == ["", "", "", "broken", ""]
    assert row.cells[3].strong


def test_html_and_pdf_have_the_part(promised, tmp_path):
    report = report_data(promised)
    page = html(report)
    assert 'id="failure-detection"' in page
    assert "Risk of prediction sets by severity" in page
    part = failure_detection_part(report, FigureFolder(tmp_path))
    assert part["promises"][0]["rows"][0]["cells"][-1]["text"] == "severity 3"
    assert all((tmp_path / task["file"]).is_file() for task in part["tasks"])


def test_run_without_clean_frames_or_labels_has_no_part(usual_run, make_run, unscored):
    frame = usual_run.frame[usual_run.frame["corruption"] != "clean"]
    assert failure_detection_report(type(usual_run)(frame, usual_run.info), Resampling()) is None
    blind = make_run(["first"], ["smoke"], [1], gallery=False, edit=unscored)
    assert failure_detection_report(blind, Resampling()) is None
