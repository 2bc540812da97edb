"""Failure detection and promises of prediction sets, in reports."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_endo.reports.data.failure_detection import MEASURES, failure_detection_report
from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.html.page import html
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


def test_promise_says_where_it_breaks(promised):
    (table,) = failure_detection_report(promised, Resampling()).promises
    (row,) = table.rows
    assert row.label == "first, segmentation"
    assert [column.label for column in table.columns] == ["Promise", "Clean", "1", "3", "Breaks at"]
    assert [cell.text for cell in row.cells][0::4] == ["at most 10", "severity 3"]
    assert [cell.detail for cell in row.cells] == ["", "", "", "broken", ""]
    assert row.cells[3].strong


def test_page_has_the_part_and_its_promises(promised):
    page = html(report_data(promised))
    assert 'id="failure-detection"' in page
    assert "Risk of prediction sets by severity" in page


def test_run_without_clean_frames_or_labels_has_no_part(usual_run, make_run, unscored):
    frame = usual_run.frame[usual_run.frame["corruption"] != "clean"]
    assert failure_detection_report(type(usual_run)(frame, usual_run.info), Resampling()) is None
    blind = make_run(["first"], ["smoke"], [1], gallery=False, edit=unscored)
    assert failure_detection_report(blind, Resampling()) is None
