"""Markdown: the numbers of the results, names as text."""

from __future__ import annotations

import re

from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.text import markdown, printed_tables
from robustbench_endo.reports.text.markdown import escape_markdown

HOSTILE = 'a_b&c%d#e$f{g}~^\\ <script>"|*`[x](y)'


def numbers(line: str) -> list[str]:
    return re.findall(r"(?<![\w.])-?\d+\.\d\d(?!\d)", line)


def test_markdown_numbers_equal_results(printed_report, expected_rows):
    results, report, tables = printed_report
    text = markdown(report, tables)
    part = next(section for section in text.split("\n## ") if section.startswith("Activity accuracy"))
    lines = [line for line in part.splitlines() if line.startswith("|")]
    rows = {re.sub(r"\*|, mean", "", line.split("|")[1]).strip(): numbers(line) for line in lines}
    for label, values in expected_rows(results, "accuracy", "miou").items():
        assert rows[label] == values, label


def test_markdown_has_drops_and_provenance(printed_report):
    _, report, tables = printed_report
    text = markdown(report, tables)
    drops = text.split("## Largest performance drops")[1].split("\n## ")[0]
    assert f"Seed {report.seed}." in drops
    rows = [line for line in drops.splitlines() if line.startswith("|")][2:]
    assert len(rows) == len(report.drops)
    for row, drop in zip(rows, report.drops, strict=True):
        assert row.endswith(f"| {escape_markdown(drop.model)} | {drop.clean_score} | {drop.score} |")
    for section, facts in report.provenance:
        assert f"## {escape_markdown(section)}" in text
        assert all(escape_markdown(value) in text for _, value in facts)


def test_markdown_escapes_names(make_run):
    def rename(frame, info):
        info["name"] = HOSTILE + "\n% gone \\input{x}"

    results = make_run(models=[HOSTILE, "b"], corruptions=["smoke"], severities=[1], gallery=False, edit=rename)
    report = report_data(results)
    text = markdown(report, printed_tables(results, report))
    assert "<script>" not in text
    assert not re.search(r"(?<!\\)\[x", text)
    assert re.match(r"# a\\_b", text.splitlines()[0])


def test_markdown_shows_dash_for_missing_number(make_run):
    def without(frame, info):
        frame = frame[frame["corruption"] != "smoke"].copy()
        frame.loc[frame["model"] == "b", "activity_prediction"] = -1
        return frame

    results = make_run(
        models=["a", "b"], corruptions=["smoke", "contrast"], severities=[1], gallery=False, edit=without
    )
    report = report_data(results)
    text = markdown(report, printed_tables(results, report))
    assert re.search(r"^\| Smoke( \| –){4,} \|$", text, re.M)
    assert "nan" not in text.lower().replace("nano", "")


def test_markdown_without_scores_says_so(make_run, unscored):
    results = make_run(gallery=False, corruptions=["smoke"], severities=[1], edit=unscored)
    report = report_data(results)
    assert "no scores" in markdown(report, printed_tables(results, report))


def test_markdown_marks_corruptions_of_the_training(annotated_run, resampling):
    report = report_data(annotated_run, resampling)
    text = markdown(report, printed_tables(annotated_run, report))
    smoke = annotated_run.table(("miou",)).loc["occlusion", "smoke"]["miou"]["first"]
    assert re.search(rf"\| †{smoke:.2f} [|(]", text.replace("**", ""))


def test_escape_markdown_of_special_letters():
    assert escape_markdown("a_b\n*c* [d](e) <f>") == r"a\_b \*c\* \[d\]\(e\) \<f\>"
