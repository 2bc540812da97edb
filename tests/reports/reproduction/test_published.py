"""Published numbers belong to runs of the paper's networks on its data, and to no others."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from importlib.resources import files

import pytest

from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.html import html
from robustbench_endo.reports.pdf import pdf
from robustbench_endo.reproduction.published_numbers import published_for_run
from robustbench_endo.results import Resampling, Results

ENDOARSS, OTHER = "EndoARSS/TESLA/DB-MTL", "mine"


def row_of(table: str, **labels: str) -> dict[str, str]:
    lines = csv.DictReader((files("robustbench_endo.reproduction") / "tables" / table).read_text("utf-8").splitlines())
    return next(line for line in lines if labels.items() <= line.items())


def as_in_the_paper(frame, info):
    info["data"]["name"] = "mtlesd"
    info["protocol"] = "endoarss"
    info["models"][1]["spec"] = "resnet101/mmoe@gate=flat"


@pytest.fixture(scope="module")
def run(tmp_path_factory, build_run) -> Results:
    return build_run(
        tmp_path_factory.mktemp("paper") / "run",
        models=[ENDOARSS, OTHER],
        frames=2,
        gallery=False,
        edit=as_in_the_paper,
    )


def changed(results: Results, **parts) -> Results:
    return Results(results.frame, {**results.info, **parts})


def test_published_for_run_gives_the_numbers_of_the_tables(run):
    frame = published_for_run(run)
    smoke = row_of("table7_robustness.csv", corruption="smoke")
    clean = row_of("table2_mtlesd.csv", backbone="EndoARSS", architecture="TESLA", optimization="DB-MTL")
    mean = row_of("table7_robustness.csv", corruption="mean")
    assert frame.loc[("occlusion", "smoke"), ("endoarss_miou", ENDOARSS)] == float(smoke["miou_endoarss"])
    assert frame.loc[("occlusion", "smoke"), ("endoarss_accuracy", OTHER)] == float(smoke["accuracy_resnet101_mmoe"])
    assert frame.loc[("clean", "clean"), ("endoarss_hd", ENDOARSS)] == float(clean["hd"])
    assert frame.loc[("mean", "all"), ("endoarss_miou", OTHER)] == float(mean["miou_resnet101_mmoe"])
    # The multi-task method of the other model is not known: Table II has several such networks.
    assert "endoarss_dice" not in frame.columns.get_level_values("metric") or frame["endoarss_dice"].get(OTHER) is None
    assert "other quantities" not in frame.attrs["source"]


def test_published_for_run_of_something_else_is_none(run):
    data = {**run.info["data"], "name": "folder"}
    assert published_for_run(changed(run, data=data)) is None
    assert published_for_run(changed(run, data={**data, "name": "mtlesd", "split": "train"})) is None
    assert (
        published_for_run(changed(run, models=[{**entry, "name": "x", "spec": "x"} for entry in run.info["models"]]))
        is None
    )
    other_rank = [{**run.info["models"][1], "spec": "endoarss/tesla@rank=8"}]
    assert published_for_run(changed(run, models=other_rank)) is None
    fewer = published_for_run(changed(run, severities=[1, 2, 3]))
    assert fewer.index.tolist() == [("clean", "clean")]
    assert ("mean", "all") not in published_for_run(changed(run, corruptions=run.info["corruptions"][:5])).index


def test_published_for_run_of_the_standard_protocol_is_another_quantity(run):
    frame = published_for_run(changed(run, protocol="standard"))
    assert frame.loc[("clean", "clean"), ("miou", ENDOARSS)] > 0
    assert "other quantities" in frame.attrs["source"]


@pytest.mark.slow
def test_report_page_and_pdf_show_published_numbers(run):
    frame = published_for_run(run)
    report = report_data(run, Resampling(resamples=200), frame)
    number = f"{frame.loc[('occlusion', 'smoke'), ('endoarss_miou', ENDOARSS)]:.2f}"
    page = html(report)
    row = re.search(r'<th scope="row">Smoke</th>.*?</tr>', page, re.S)[0]
    assert f'<small class="published"> published {number}</small>' in row
    assert "arXiv 2506.06830" in page
    pytest.importorskip("typst", reason="the extra 'report' is not installed")
    content = pdf(report)
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    text = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=content, capture_output=True, check=True
    ).stdout.decode()
    assert f"published {number}" in text
    assert "arXiv 2506.06830" in text
