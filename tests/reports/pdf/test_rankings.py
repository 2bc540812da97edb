"""The rankings in the PDF: two figures that fit the text, and the table."""

import dataclasses

from robustbench_endo.reports.pdf.figures import FigureFolder
from robustbench_endo.reports.pdf.rankings import ranking_part


def test_figures_fit_next_to_each_other(usual_report, tmp_path):
    part = ranking_part(usual_report, FigureFolder(tmp_path))
    assert sum(figure["width"] for figure in part["figures"]) <= 6.7
    for figure in part["figures"]:
        assert (tmp_path / figure["file"]).read_text("utf-8").startswith("<?xml")
    assert part["metric"] == "mIoU"
    assert len(part["ranks"]["rows"]) == 4
    assert "draws of" in part["note"]


def test_report_of_a_single_model_has_no_part(usual_report, tmp_path):
    assert ranking_part(dataclasses.replace(usual_report, rankings=None), FigureFolder(tmp_path)) is None
