"""The data of the page's script."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.html.page_data import page_data, page_values, selected_models
from robustbench_endo.results import Resampling
from robustbench_endo.results.kept_frames import KeptFrame

QUICK = Resampling(resamples=200)


def test_page_data_escapes_names_for_html(make_run):
    results = make_run(models=["</script><b>&", "b"], corruptions=["smoke"], severities=[1], gallery=False)
    text = str(page_data(report_data(results, QUICK)))
    assert not set(text) & set("<>&")
    assert json.loads(text)["models"][0]["name"] == "</script><b>&"


def test_page_data_has_the_floors(usual_run, usual_report):
    data = page_values(usual_report)
    floors = data["floors"]
    assert floors["miou"]["name"] == "background everywhere"
    assert len(floors["miou"]["panels"]) == len(data["panels"]) == 1 + 4 + len(usual_run.corruptions)
    values = usual_run.floor("miou")[1].point.with_clean()[0, 0]
    np.testing.assert_allclose(floors["miou"]["panels"][5:], values)
    np.testing.assert_allclose(floors["miou"]["panels"][1], values[:4].mean(axis=0))
    mean = floors["miou"]["rows"][[row["corruption"] for row in data["rows"]].index("all")]
    assert mean == usual_report.floors["miou"].rows["mean", "all"]
    assert "image_ssim" not in floors


def test_page_data_null_stands_for_no_number(make_run):
    def drop(frame, info):
        return frame[~((frame["corruption"] == "smoke") & (frame["severity"] == 3))]

    results = make_run(models=["a", "b"], corruptions=["smoke"], severities=[1, 3], gallery=False, edit=drop)
    data = json.loads(page_data(report_data(results, QUICK)))
    value, low, high = data["scores"]["miou"][-1][0]
    assert data["severities"] == [0, 1, 3]
    assert [number is None for number in value] == [False, False, True]
    assert low[2] is high[2] is None


def test_page_data_counts_invalid_predictions(make_run):
    def invalidate(frame, info):
        affected = (frame["model"] == "b") & (frame["corruption"] == "smoke") & (frame["severity"] == 3)
        frame.loc[affected, [name for name in frame if name.endswith("_confidence")]] = np.nan
        frame.loc[affected, "activity_prediction"] = -1

    results = make_run(
        models=["a", "b"], corruptions=["contrast", "smoke"], severities=[1, 3], gallery=False, edit=invalidate
    )
    assert json.loads(page_data(report_data(results, QUICK)))["invalid"] == {"1 1 2": 6}


def test_page_data_categories_by_severity_equal_results(usual_run, usual_report):
    data = page_values(usual_report)
    panel = [each["name"] for each in data["panels"]].index("blur")
    scores = usual_run.scores().set_index(["corruption", "severity", "model"])["miou"]
    names = [name for name, category in usual_run.corruption_categories.items() if category == "blur"]
    for index, model in enumerate(usual_run.models):
        value, low, high = data["scores"]["miou"][panel][index]
        assert value[3] == pytest.approx(np.mean([scores[name, 3, model] for name in names]))
        assert low[3] < value[3] < high[3]


def test_page_data_has_worst_median_and_best_frames(usual_run, usual_report):
    frames = page_values(usual_report)["frames"]
    assert [part["task"] for part in frames] == ["segmentation", "activity"]
    smoke = usual_run.corruptions.index("smoke")
    stored = [(frames[0]["ids"][index], score) for index, score in frames[0]["cells"][f"1 {smoke} 4"]]
    frame = usual_run.frame
    rows = frame[(frame["model"] == usual_run.models[1]) & (frame["corruption"] == "smoke") & (frame["severity"] == 4)]
    ordered = rows.sort_values("dice_mean")[["image_id", "dice_mean"]].to_numpy()[[0, 2, 5]]
    assert [name for name, _ in stored] == [name for name, _ in ordered]
    assert [score for _, score in stored] == pytest.approx([100 * score for _, score in ordered])


def test_page_data_has_every_table_and_the_options(usual_report):
    data = page_values(usual_report)
    assert data["settings"] == {
        "intervals": True,
        "resampling": {"resamples": 200, "confidence": 0.95, "seed": 0, "unit": "subject"},
        "published": False,
        "intended_use": "",
        "gate": None,
    }
    table = data["tables"]["differences-miou"]
    cell = usual_report.comparison.by_metric[-1].differences.rows[0].cells[0]
    assert table["cells"][0][0][:2] == [cell.text, cell.value]
    assert {"envelope", "by-subject", "failures-segmentation", "ranks-miou", "calibration"} <= set(data["tables"])


def test_page_data_selects_the_best_of_many_models(make_run):
    names = [f"model {index}" for index in range(12)]
    results = make_run(models=names, corruptions=["smoke"], severities=[1], gallery=False)
    report = report_data(results, QUICK)
    selected = selected_models(report)
    means = results.table(("miou",))["miou"].loc[("mean", "all")]
    others = means[names[1:]].sort_values(ascending=False).index[:9]
    assert [names[index] for index in selected] == [name for name in names if name == "model 0" or name in others]


def test_page_data_has_the_frames_with_thumbnails(usual_report):
    frame = KeptFrame("smoke", 3, "worst", 0, "frame", {usual_report.models[1]: 0.25}, b"", None, {})
    report = replace(usual_report, thumbnails=[frame, replace(frame, corruption="fog")])
    (entry,) = page_values(report)["thumbnails"]
    smoke = list(report.categories).index("smoke")
    assert entry == {"condition": f"{smoke} 3", "kind": "worst", "rank": 0, "id": "frame", "scores": [None, 25.0, None]}
