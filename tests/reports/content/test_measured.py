"""One pass over the resamples gives the numbers and intervals that the results give one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.reports.data.estimates import measure
from robustbench_endo.reports.data.report_data import content
from robustbench_endo.reports.data.table import score_table
from robustbench_endo.reports.html import html
from robustbench_endo.results import Bootstrap

SETTINGS = Bootstrap(resamples=200)


@pytest.fixture(scope="module")
def measured(usual_run):
    return measure(usual_run, ("accuracy", "miou", "hd95"), SETTINGS)


def trained(frame, info):
    info["models"][0]["trained_on"] = ["smoke", "a corruption of another suite"]


def test_the_table_is_that_of_the_results(usual_run, measured):
    pd.testing.assert_frame_equal(measured.table, usual_run.table(("accuracy", "miou", "hd95"), SETTINGS))
    assert measured.statement == usual_run.resampling(SETTINGS).statement


def test_conditions_are_the_scores(usual_run, measured):
    scores = usual_run.scores(SETTINGS).set_index(["model", "corruption", "severity"])
    for m, model in enumerate(usual_run.models):
        for s in range(1, 6):
            for part, suffix in (("value", ""), ("low", "_low"), ("high", "_high")):
                found = getattr(measured.conditions["miou"], part)[m, usual_run.corruptions.index("smoke"), s]
                assert found == pytest.approx(scores.loc[(model, "smoke", s), f"miou{suffix}"], abs=1e-9)


def test_the_mean_over_corruptions_by_severity(measured):
    np.testing.assert_allclose(measured.means["hd95"].value, measured.conditions["hd95"].value.mean(1))
    assert (measured.means["hd95"].low <= measured.means["hd95"].value).all()


def test_held_out_corruptions_have_a_mean_of_their_own(make_run):
    results = make_run(corruptions=["smoke", "contrast", "spatter"], gallery=False, edit=trained)
    found = measure(results, ("miou",), SETTINGS)
    plain = results.table(("miou",))["miou"]
    own = plain.loc[[("digital", "contrast"), ("occlusion", "spatter")]].mean()
    for model in results.models:
        assert found.table.loc[("mean", "held_out"), ("miou", model, "value")] == pytest.approx(own[model])
    table = score_table(results, ("miou",), False, found)
    marked = {(row.name, place) for row in table.rows for place, cell in enumerate(row.cells) if cell.seen}
    assert marked == {("smoke", 0), ("occlusion", 0), ("all", 0)}


def test_the_page_tells_what_was_seen_in_training(make_run):
    results = make_run(corruptions=["smoke", "contrast"], gallery=False, edit=trained)
    page = html(content(results, SETTINGS))
    assert "Mean of held-out corruptions" in page
    assert "tiny-resnet/dselect_k was trained on smoke" in page
    assert page.count("; seen in training") == len(content(results, SETTINGS).metrics)


def test_without_training_data_nothing_is_marked(usual_run, measured):
    assert ("mean", "held_out") not in measured.table.index
    assert not any(cell.seen for row in score_table(usual_run, ("miou",)).rows for cell in row.cells)


def test_published_numbers_stand_beside(make_run):
    results = make_run(corruptions=["smoke", "contrast"], gallery=False)
    columns = pd.MultiIndex.from_tuples([("miou", results.models[1])], names=["metric", "model"])
    published = pd.DataFrame([[61.239]], index=pd.MultiIndex.from_tuples([("occlusion", "smoke")]), columns=columns)
    table = score_table(results, ("miou",), published=published)
    told = {(row.name, place): cell.published for row in table.rows for place, cell in enumerate(row.cells)}
    assert {key for key, text in told.items() if text} == {("smoke", 1)}
    assert told["smoke", 1] == "61.24"
    page = html(content(results, SETTINGS, published))
    assert '<small class="published"> paper 61.24</small>' in page
    assert "the number that was published" in page
