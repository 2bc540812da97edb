"""The page of the usual run, and the page in a browser."""

from __future__ import annotations

import pytest

from robustbench_endo.reports.html import html


@pytest.fixture(scope="module")
def text(usual_report):
    return html(usual_report)


@pytest.fixture(scope="module")
def page(visit, text):
    return visit(text)
