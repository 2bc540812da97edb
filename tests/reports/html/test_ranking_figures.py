"""The figures of rankings in a page."""

import dataclasses

from robustbench_endo.reports.html import html
from robustbench_endo.reports.html.ranking_figures import ranking_figures


def test_figures_have_a_description_and_their_natural_width(usual_report):
    blobs, pairs = ranking_figures(usual_report)
    for figure in (blobs, pairs):
        assert 'role="img" aria-label="' in figure.svg
        assert 0 < figure.width < 700
    assert blobs.width > pairs.width  # names of models
    assert "var(--m0)" in blobs.svg
    assert "#0b3c7d" not in blobs.svg


def test_page_has_a_section_only_with_rankings(usual_report):
    assert 'id="rankings"' in html(usual_report)
    without = dataclasses.replace(usual_report, rankings=None)
    assert ranking_figures(without) == []
    assert 'id="rankings"' not in html(without)
