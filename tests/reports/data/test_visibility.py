"""What models see and what they guess, in reports."""

from __future__ import annotations

import pytest

from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.data.visibility import MAX_CORRUPTIONS, visibility_tables
from robustbench_endo.reports.html.page import html
from robustbench_endo.reports.pdf.tables import report_tables
from robustbench_endo.results import Resampling
from robustbench_endo.tasks.segmentation.metrics import count_columns


def hide(frame, shares):
    """Hide a share of the pixels of each class under some corruptions; severity 1 hides nothing."""
    for name, share in shares.items():
        rows = (frame["corruption"] == name) & (frame["severity"] > 1)
        for part, fraction in (("visible_", 1 - share), ("hidden_", share)):
            for column in count_columns(3):
                frame.loc[rows, f"{part}{column}"] = (frame.loc[rows, column] * fraction).astype(int)
        frame.loc[frame["corruption"] == name, "hidden_share"] = 0.0
        frame.loc[rows, "hidden_share"] = share
    columns = [*count_columns(3, "visible_"), *count_columns(3, "hidden_")]
    frame[columns] = frame[columns].fillna(0)


@pytest.fixture
def occluded(make_run):
    return make_run(
        ["first", "second"], ["smoke", "contrast", "spatter"], [1, 3], gallery=False,
        edit=lambda frame, info: hide(frame, {"smoke": 0.25, "spatter": 0.5}),
    )  # fmt: skip


def test_visibility_tables_compare_both_parts_of_corruptions_that_hide(occluded):
    (table,) = visibility_tables(occluded, Resampling())
    assert [row.label for row in table.rows][::3] == ["Spatter: Dice, visible", "Smoke: Dice, visible"]
    scores = occluded.scores().query("corruption == 'smoke' and severity == 3").set_index("model")
    for row, metric in zip(table.rows[3:], ("dice_visible", "dice_hidden", "hallucination"), strict=True):
        # Nothing is hidden at severity 1, which enters no mean.
        assert [cell.value for cell in row.cells] == pytest.approx(scores.loc[occluded.models, metric].tolist())
        assert all(cell.margin and cell.low < cell.value < cell.high for cell in row.cells)
    assert table.remarks[0] == "Hidden pixels, mean over severities: spatter 25.00 % and smoke 12.50 %."
    assert "jackknife over subjects" in table.statement


def test_visibility_tables_are_in_html_and_pdf_but_not_among_the_scores(occluded):
    report = report_data(occluded)
    assert not {"dice_visible", "hidden_share"} & set(report.metrics)
    assert "Sees or guesses" in html(report)
    assert report_tables(report)["visibility"]["note"] == report.visibility[0].remarks[1]


def test_visibility_tables_are_none_where_nothing_is_hidden(make_run, occluded):
    plain = make_run.func(occluded.path.parent / "plain", ["first"], ["smoke"], [1], gallery=False)
    assert visibility_tables(plain, Resampling()) == []
    assert "Sees or guesses" not in html(report_data(plain))


def test_visibility_tables_of_many_corruptions_show_those_that_hide_most(make_run):
    names = ["smoke", "spatter", "bleeding", "contrast", "brightness", "saturate", "pixelate", "zoom_blur"]
    shares = {name: (index + 1) / 10 for index, name in enumerate(names)}
    run = make_run(["first"], names, [2], frames=3, gallery=False, edit=lambda frame, info: hide(frame, shares))
    (table,) = visibility_tables(run, Resampling())
    assert len(table.rows) == 3 * MAX_CORRUPTIONS
    assert table.rows[0].keys["corruption"] == "zoom_blur"
    assert table.remarks[0].endswith("2 further corruptions that hide less are left out.")
