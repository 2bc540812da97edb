"""Figures of risk by coverage."""

import numpy as np
import pytest

from robustbench_endo.reports.data.failure_detection import RiskCurves
from robustbench_endo.reports.plotting.risk_coverage import (
    MAX_MODELS,
    POINTS,
    describe_risk_coverage,
    risk_coverage_figure,
)
from robustbench_endo.tasks.registry import get_task


@pytest.fixture
def curves():
    coverage = 100 * np.arange(1, 401) / 400
    lines = {f"model {i}": {0.0: (coverage, coverage / 20), 5.0: (coverage, coverage / 2)} for i in range(6)}
    return RiskCurves(get_task("segmentation"), lines)


def test_figure_has_a_panel_for_each_of_the_first_models(curves):
    figure = risk_coverage_figure(curves)
    assert [axes.get_title("left") for axes in figure.axes] == list(curves.lines)[:MAX_MODELS]
    for axes in figure.axes:
        assert len(axes.lines) == 2
        assert len(axes.lines[0].get_xdata()) <= POINTS
        assert axes.lines[1].get_ydata()[-1] == 50
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["clean", "5"]


def test_description_has_the_risk_of_all_and_of_half_of_the_frames(curves):
    assert "model 0: clean 5.0 and 2.5, severity 5 50.0 and 25.0;" in describe_risk_coverage(curves)
