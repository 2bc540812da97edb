"""Shorter tables of the PDF: nothing is lost but what the text says is elsewhere."""

from __future__ import annotations

from robustbench_endo.reports.data.provenance import CorruptionFacts
from robustbench_endo.reports.pdf.compact import class_tables, corruption_rows, side_by_side, without_pooled
from robustbench_endo.reports.pdf.tables import as_data


def test_side_by_side_joins_only_tables_that_fit(usual_report):
    parts = [as_data(table, usual_report.models) for table in usual_report.silent_failures.tables]
    (joined,) = side_by_side(parts, ["one", "two"], 6)
    assert [row["label"] for row in joined["rows"]] == [row["label"] for row in parts[0]["rows"]]
    for row, left, right in zip(joined["rows"], parts[0]["rows"], parts[1]["rows"], strict=True):
        assert row["cells"] == [*left["cells"], *right["cells"]]
    apart = side_by_side(parts, ["one", "two"], 5)
    assert [part["title"] for part in apart] == ["one", "two"]
    shorter = {**parts[1], "rows": parts[1]["rows"][1:]}
    assert len(side_by_side([parts[0], shorter], ["one", "two"], 6)) == 2


def test_class_tables_have_clean_and_mean_of_each_model(usual_run, usual_report):
    (table,) = class_tables(usual_report)
    names = [f"dice[{row.label}]" for row in table.rows]
    scores = usual_run.table(names)
    for row, name in zip(table.rows, names, strict=True):
        for cell, model in zip(row.cells, usual_run.models, strict=True):
            clean, mean = (scores.loc[key, (name, model)] for key in (("clean", "clean"), ("mean", "all")))
            assert cell.text == f"{clean:.2f} → {mean:.2f}"


def test_without_pooled_has_the_same_differences(usual_report):
    table = usual_report.comparison.by_metric[0].differences
    short = without_pooled(table)
    for cell, other in zip(short.cells, table.cells, strict=True):
        assert (cell.text, cell.interval) == (other.text, other.interval)
        assert other.detail.startswith(cell.detail.strip())
        assert "pooled" not in cell.detail


def test_corruption_rows_print_constants_and_sources_once():
    facts = [
        CorruptionFacts("A", "Noise", "cause", "Source", [("std", ["1", "2", "3"]), ("grain (px)", ["1", "1", "1"])]),
        CorruptionFacts("B", "Noise", "cause", "Source", [("k", ["4"])]),
        CorruptionFacts("C", "Blur", "cause", "", []),
    ]
    data = corruption_rows(facts)
    assert data["sources"] == ["Source"]
    assert [row["source"] for row in data["rows"]] == [1, 1, None]
    assert [row["changing"] for row in data["rows"]] == ["std: 1, 2, 3", "", ""]
    assert [row["constant"] for row in data["rows"]] == ["grain (px) 1", "k 4", ""]
