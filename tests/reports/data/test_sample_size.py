"""The table of sample sizes holds the numbers of the results."""

from robustbench_endo.reports.data.sample_size import sample_size_note, sample_size_table
from robustbench_endo.results import sample_size


def test_sample_size_table_has_one_row_per_model(usual_run):
    needed = sample_size(usual_run, "miou", 0.02, power=0.8, margin=0.01, frames=(5, 10))
    metric = usual_run.metric("miou")
    table = sample_size_table(needed, metric, "interval", 0.02)
    assert table.caption == "mIoU (%): subjects for an interval of ± 2.0\u00a0%"
    assert [row.label for row in table.rows] == usual_run.models
    assert [column.label for column in table.columns][2:] == ["5 frames each", "10 frames each"]
    first = needed.iloc[0]
    assert table.rows[0].cells[2].text == f"{first['subjects']:,} ({first['subjects_upper']:,})"
    pairs = sample_size_table(needed, metric, "difference", 0.01, 0.8)
    assert len(pairs.rows) == 3
    assert "a difference of 1.0\u00a0%, power 80 %" in pairs.caption


def test_sample_size_table_marks_numbers_beyond_reach(usual_run):
    table = sample_size_table(sample_size(usual_run, "miou", 1e-7), usual_run.metric("miou"), "interval", 1e-7)
    assert table.rows[0].cells[2].text == ">100,000 (>100,000)"


def test_sample_size_note_gives_the_subjects():
    assert "the 8 subjects of this run" in sample_size_note(8)
