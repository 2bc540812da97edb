"""Scores of methods over training seeds in reports."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from robustbench_endo.reports import print_robustness
from robustbench_endo.reports.data.methods import METHODS_NOTE, method_tables
from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.html.page import html
from robustbench_endo.reports.pdf.layout import pdf
from robustbench_endo.results import Resampling

OPTIONS = {"corruptions": ["smoke", "contrast"], "severities": [1, 3], "gallery": False}


@pytest.fixture
def with_seeds(make_run):
    """A method of two seeds, and a single model."""

    def edit(frame, info):
        for seed, entry in enumerate(info["models"][:2]):
            entry |= {"method": "ours", "seed": seed}

    return make_run(models=["ours/seed0", "ours/seed1", "other"], edit=edit, **OPTIONS)


def test_method_tables_have_mean_and_standard_deviation(with_seeds):
    (table,) = method_tables(with_seeds, ["miou"])
    assert [(column.label, column.detail) for column in table.columns] == [("ours", "2 seeds"), ("other", "")]
    scores = with_seeds.table(("miou",))["miou"]
    for row in table.rows:
        values = scores.loc[(row.keys["category"], row.keys["corruption"])]
        seeds = values[["ours/seed0", "ours/seed1"]]
        assert row.cells[0].text == f"{seeds.mean():.2f} ± {seeds.std(ddof=1):.2f}"
        assert row.cells[1].text == f"{values['other']:.2f}"
    assert table.rows[0].label == "Clean"


def test_method_tables_of_single_models_are_empty(make_run):
    assert method_tables(make_run(**OPTIONS), ["miou"]) == []


def test_method_tables_are_in_all_reports(with_seeds, build_run, tmp_path):
    pytest.importorskip("typst", reason="the extra `report` is not installed")
    settings = Resampling(resamples=200)
    report = report_data(with_seeds, settings)
    single = build_run(tmp_path / "single", ["a"], **OPTIONS)
    page = html(report)
    assert '<section id="methods"' in page
    assert METHODS_NOTE in page
    assert '<section id="methods"' not in html(report_data(single, settings))
    assert pdf(report).startswith(b"%PDF")
    console = Console(file=io.StringIO(), width=200)
    print_robustness(with_seeds, console, ["miou"])
    assert "mIoU (%): mean ± SD over training seeds" in console.file.getvalue()
