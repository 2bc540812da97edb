"""Floors next to the numbers of models."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_endo.reports.data.aggregates import aggregate_tables
from robustbench_endo.reports.data.floors import floor_of, is_below, with_floor_of_mean
from robustbench_endo.reports.data.scores import score_table
from robustbench_endo.reports.data.tables import FLOOR_ROW


def lost_under_contrast(frame, info):
    """The first model predicts too much of everything under contrast."""
    rows = (frame["model"] == info["models"][0]["name"]) & (frame["corruption"] == "contrast")
    frame.loc[rows, ["fp_0", "fp_1", "fp_2"]] += 50_000


@pytest.fixture
def results(make_run):
    return make_run(corruptions=["smoke", "contrast"], gallery=False, edit=lost_under_contrast)


def test_floor_of_has_every_row_and_panel(results):
    floor = floor_of(results, "miou")
    scores = results.floors().set_index(["floor", "corruption", "severity"])["miou"]["background everywhere"]
    assert floor.name == "background everywhere"
    assert floor.rows["clean", "clean"] == scores["clean", 0]
    assert floor.mean == pytest.approx(scores.sort_index().drop("clean").groupby("corruption").mean().mean())
    np.testing.assert_allclose(floor.panels["smoke"], [scores["clean", 0], *scores["smoke"]])
    assert set(floor.panels) == {"mean", "smoke", "contrast"}
    assert floor_of(results, "image_ssim") is None


def test_score_table_has_the_floor_of_every_number(results):
    table = score_table(results, ("accuracy", "miou"))
    (row,) = (row for row in table.rows if row.kind == FLOOR_ROW)
    assert row.label == "Floor of the mean"
    for column, cell in zip(table.columns, row.cells, strict=True):
        assert cell.value == floor_of(results, column.metric.name).mean
    clean = next(row for row in table.rows if row.label == "Clean")
    assert clean.cells[-1].remarks == (
        f"floor {floor_of(results, 'miou').rows['clean', 'clean']:.2f} (background everywhere)",
    )


def test_score_table_flags_a_model_below_the_floor(results):
    table = score_table(results, ("miou",))
    flagged = {(row.label, index) for row in table.rows for index, cell in enumerate(row.cells) if cell.below_floor}
    assert ("Contrast", 0) in flagged
    assert not any(index for _, index in flagged)
    (warning,) = table.floor_warnings
    assert warning.startswith(f"{results.models[0]} is below background everywhere (")
    assert "under contrast" in warning
    assert any(note.startswith("‡: worse than a predictor that sees no image") for note in table.notes)
    contrast = next(row for row in table.rows if row.label == "Contrast")
    assert contrast.cells[0].marks == "‡"
    assert contrast.cells[0].remarks[0].startswith("below the floor")


def test_score_table_without_a_number_below_the_floor_has_no_warning(results):
    table = score_table(results, ("miou", "image_ssim"))
    assert table.subset(["miou"]).floor_notes == table.floor_notes
    assert len(table.floor_notes) == 2
    assert table.subset(["image_ssim"]).floor_notes == []
    assert table.subset(models=results.models[1:]).notes == []


def test_score_table_without_a_floor_has_no_row_of_it(results):
    assert all(row.kind != FLOOR_ROW for row in score_table(results, ("image_ssim",)).rows)


def test_is_below_follows_the_direction_and_the_printed_number(results):
    miou, hd95, ssim = map(results.metric, ("miou", "hd95", "image_ssim"))
    assert is_below(30.0, 30.7, miou)
    assert not is_below(31.0, 30.7, miou)
    assert is_below(800.0, 700.0, hd95)
    assert not is_below(600.0, 700.0, hd95)
    assert not is_below(30.6951, 30.699, miou)  # both are printed as 30.70
    assert not is_below(10.0, 30.0, ssim)
    assert not is_below(float("nan"), 30.0, miou)


def test_summary_metrics_have_the_floor_below_the_mean(usual_run):
    floors = {name: usual_run.floor(name) for name in ("accuracy", "miou", "image_ssim")}
    for table in aggregate_tables(usual_run, list(floors)):
        name = table.rows[0].keys["metric"]
        built = with_floor_of_mean(table, usual_run)
        if floors[name] is None:
            assert built is table
            continue
        aggregates = [row.keys["aggregate"] for row in built.rows]
        row = built.rows[aggregates.index("floor")]
        assert aggregates[aggregates.index("floor") - 1] == "mean"
        assert row.kind == FLOOR_ROW
        assert row.cells[0].value == floor_of(usual_run, name).mean
        assert built.remarks[-1].endswith(f": {floors[name][0]}.")
        values = {row.keys["aggregate"]: row.cells for row in built.rows}
        worse = [cell.below_floor for key in ("clean", "mean") for cell in values[key]]
        clean = float(floors[name][1].point.clean[0, 0])
        assert worse[: len(usual_run.models)] == [cell.value < clean for cell in values["clean"]]


def test_run_of_clean_frames_has_no_floor_of_the_mean(make_run):
    run = make_run(models=["a"], corruptions=[], gallery=False)
    for table in aggregate_tables(run, ["miou"]):
        assert with_floor_of_mean(table, run) is table
