"""Figures of risk by coverage inside a page."""

from dataclasses import replace

from robustbench_endo.reports.html.risk_coverage import risk_coverage_figures


def test_each_task_has_a_figure_with_a_description(usual_report):
    figures = risk_coverage_figures(usual_report)
    assert [figure.label for figure in figures] == [part.task.plural for part in usual_report.failure_detection.curves]
    for figure in figures:
        assert "Risk of all frames and of the more confident half" in figure.svg
        assert 100 < figure.width < 1000


def test_report_without_failure_detection_has_no_figure(usual_report):
    assert risk_coverage_figures(replace(usual_report, failure_detection=None)) == []
