"""Failure detection for the typesetter."""

from dataclasses import replace

from robustbench_endo.reports.pdf.failure_detection import failure_detection_part
from robustbench_endo.reports.pdf.figures import FigureFolder


def test_part_has_a_figure_and_a_table_per_task(usual_report, tmp_path):
    part = failure_detection_part(usual_report, FigureFolder(tmp_path))
    assert part["promises"] == []
    assert len(part["tasks"]) == len(usual_report.failure_detection.tables)
    for task in part["tasks"]:
        assert (tmp_path / task["file"]).is_file()
        assert task["width"] <= 6.69
        assert task["parts"][0]["rows"][0]["label"] == "AURC"


def test_report_without_failure_detection_has_no_part(usual_report, tmp_path):
    assert failure_detection_part(replace(usual_report, failure_detection=None), FigureFolder(tmp_path)) is None
