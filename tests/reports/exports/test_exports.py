"""Tables that leave the house: read back, they hold the numbers of the records; names stay text."""

from __future__ import annotations

import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.reports.data.report_data import content
from robustbench_endo.reports.text import latex, markdown, printed_tables, write_tables
from robustbench_endo.results import Bootstrap

HOSTILE = 'a_b&c%d#e$f{g}~^\\ <script>"|*`[x](y)'
BOOTSTRAP = Bootstrap(resamples=200)


@pytest.fixture(scope="module", autouse=True)
def _quick():
    """Few resamples: what is tested here are the numbers and how they are written."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("robustbench_endo.reports.data.report_data.QUICK", BOOTSTRAP)
        yield


@pytest.fixture(scope="module")
def usual(usual_run, _quick):
    gathered = content(usual_run)
    return usual_run, gathered, printed_tables(usual_run, gathered)


def numbers(line: str) -> list[str]:
    return re.findall(r"(?<![\w.])-?\d+\.\d\d(?!\d)", line)


def expected(results, metric):
    table = results.table((metric,))[metric]
    return {key: [f"{value:.2f}" for value in row] for key, row in zip(table.index, table.to_numpy(float), strict=True)}


def label_of(category, name):
    special = {"clean": "Clean", "all": "Mean of all corruptions"}
    text = special.get(name, name.replace("_", " ").replace("jpeg", "JPEG"))
    return text[:1].upper() + text[1:]


def test_latex_holds_the_numbers_of_the_records(usual):
    results, gathered, tables = usual
    text = latex(tables, gathered.name, results.protocol)
    part = text.split(r"\label{tab:scores-accuracy-miou}")[1].split(r"\end{table}")[0]
    rows = {re.sub(r"\\emph{(.*?)}.*", r"\1", line.split("&")[0]).strip(): numbers(line) for line in part.splitlines()}
    accuracy, miou = (expected(results, name) for name in ("accuracy", "miou"))
    for key, values in accuracy.items():
        assert rows[label_of(*key)] == values + miou[key], key


def test_markdown_holds_the_numbers_of_the_records(usual):
    results, gathered, tables = usual
    text = markdown(gathered, tables)
    part = next(one for one in text.split("\n## ") if one.startswith("Activity accuracy"))
    rows = {re.sub(r"\*|, mean", "", line.split("|")[1]).strip(): numbers(line) for line in part.splitlines()[2:]}
    miou = expected(results, "miou")
    for key, values in expected(results, "accuracy").items():
        assert rows[label_of(*key)] == values + miou[key], key


def test_failures_and_few_numbers_are_there(usual):
    results, _, tables = usual
    by_name = {table.name: table for table in tables}
    summary = results.robustness(("miou",)).loc["miou"]
    found = [[cell.text for cell in row.cells] for row in by_name["robustness-miou"].rows]
    assert found == [[f"{value:.2f}" for value in row] for row in summary.to_numpy(float)]
    failed = results.failures().loc[("mean", "all")]["activity_failed"]
    rows = {row.label: [cell.text for cell in row.cells] for row in by_name["failures"].rows}
    assert rows["Activity failures, corrupted"] == [f"{value:.2f}" for value in failed[results.models]]


def test_intervals_on_request(make_run):
    results = make_run(models=["a", "b"], corruptions=["smoke"], severities=[1, 3], frames=12, gallery=False)
    gathered = content(results, BOOTSTRAP)
    text = latex(printed_tables(results, gathered, BOOTSTRAP), gathered.name, "standard")
    table = results.table(("miou",), BOOTSTRAP)["miou"]["a"].loc[("occlusion", "smoke")]
    wanted = f"{table['value']:.2f}" + r"} {\scriptsize[" + f"{table['low']:.2f}, {table['high']:.2f}]" + "}"
    assert wanted.replace("}", "") in text.replace("}", "")
    assert "95 \\% intervals" in text
    without = latex(printed_tables(results, content(results)), gathered.name, "standard")
    assert r"{\scriptsize[" not in without


def test_every_environment_closes_and_every_row_has_its_columns(make_run):
    names = [f"a-rather-long-family/architecture_{index}" for index in range(12)]
    results = make_run(models=names, corruptions=["smoke", "contrast"], severities=[1], gallery=False)
    text = latex(printed_tables(results, content(results)), "run", "standard")
    for name in ("table", "tabular"):
        assert text.count(rf"\begin{{{name}}}") == text.count(rf"\end{{{name}}}") > 0
    assert len(set(re.findall(r"\\label{(.*?)}", text))) == text.count(r"\label{")
    for body in re.findall(r"\\begin{tabular}(.*?)\\end{tabular}", text, re.S):
        columns = re.match(r"{@{}(l)(r+)@{}}", body)
        assert len(columns[2]) <= 8
        rows = [line for line in body.splitlines() if line.endswith(r"\\") and "multicolumn" not in line]
        assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {len(columns[2])}


def test_names_are_text(make_run):
    def rename(frame, info):
        info["name"] = HOSTILE + "\n% gone \\input{x}"

    results = make_run(models=[HOSTILE, "b"], corruptions=["smoke"], severities=[1], gallery=False, edit=rename)
    gathered = content(results)
    tables = printed_tables(results, gathered)
    text = latex(tables, gathered.name, "standard")
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    assert r"\input" not in body
    plain = re.sub(r"\\[A-Za-z]+{?}?|\\.", "", body.split(r"\toprule")[1].split(r"\midrule")[0])
    assert not re.search(r"[#$%~^|<>\"`]", plain)
    text = markdown(gathered, tables)
    assert "<script>" not in text
    assert not re.search(r"(?<!\\)\[x", text)
    assert re.match(r"# a\\_b", text.splitlines()[0])


def test_absent_numbers_are_dashes(make_run, unscored):
    def without(frame, info):
        frame = frame[frame["corruption"] != "smoke"].copy()
        frame.loc[frame["model"] == "b", "activity_prediction"] = -1
        return frame

    results = make_run(
        models=["a", "b"], corruptions=["smoke", "contrast"], severities=[1], gallery=False, edit=without
    )
    gathered = content(results)
    text = markdown(gathered, printed_tables(results, gathered))
    assert re.search(r"^\| Smoke \| – \| – \| – \| – \|$", text, re.M)
    assert "nan" not in text.lower().replace("nano", "")


def test_a_run_without_scores(make_run, unscored, tmp_path):
    results = make_run(gallery=False, corruptions=["smoke"], severities=[1], edit=unscored)
    gathered = content(results)
    assert "no scores" in markdown(gathered, printed_tables(results, gathered))
    write_tables(results, tmp_path / "tables")
    assert pd.read_csv(tmp_path / "tables" / "scores.csv")["miou"].isna().all()


def test_files_hold_the_tables_unrounded(make_run, tmp_path):
    results = make_run(corruptions=["smoke", "contrast"], severities=[1, 3], gallery=False)
    files = write_tables(results, tmp_path / "tables", BOOTSTRAP)
    assert {file.stem for file in files} == {"scores", "table", "robustness", "failures", "classes"}
    for ending, read in (("csv", pd.read_csv), ("parquet", pd.read_parquet)):
        found = read(tmp_path / "tables" / f"table.{ending}").set_index(["category", "corruption", "metric", "model"])
        table = results.table(("miou",), BOOTSTRAP)
        for key in table.index:
            for model in results.models:
                row = found.loc[(*key, "miou", model)]
                wanted = [table.at[key, ("miou", model, part)] for part in ("value", "low", "high")]
                np.testing.assert_allclose(row[["value", "low", "high"]].astype(float), wanted, rtol=1e-12)
                assert row["unit"] == "%"
    scores = pd.read_parquet(tmp_path / "tables" / "scores.parquet")
    pd.testing.assert_frame_equal(scores[results.scores().columns], results.scores(), check_dtype=False)


def test_what_was_trained_on_is_marked(told_run):
    gathered = content(told_run, BOOTSTRAP)
    tables = printed_tables(told_run, gathered)
    smoke = told_run.table(("miou",)).loc["occlusion", "smoke"]["miou"]["first"]
    text = latex(tables, "run", "standard")
    assert re.search(rf"\\textsuperscript{{\\textdagger}}(\\textbf{{)?{smoke:.2f}", text)
    assert r"\textdagger{}: the model was trained on it" in text
    assert re.search(rf"\| †{smoke:.2f} [|(]", markdown(gathered, tables).replace("**", ""))


@pytest.mark.parametrize("intervals", [False, BOOTSTRAP])
def test_latex_compiles_without_a_complaint(make_run, tmp_path, intervals):
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex (texlive-latex-recommended) is not installed")

    def edit(frame, info):
        info["models"][0]["trained_on"] = ["smoke"]

    models = [HOSTILE, *(f"a-rather-long-family/architecture_{index}" for index in range(9))]
    results = make_run(
        models=models, corruptions=["smoke", "jpeg_compression"], severities=[1], gallery=False, edit=edit
    )
    gathered = content(results, intervals)
    made = printed_tables(results, gathered, intervals)
    (tmp_path / "tables.tex").write_text(latex([*made[:2], *made[-4:]], "run", "standard"))
    packages = (
        r"\usepackage[textwidth=16cm]{geometry}\usepackage[T1]{fontenc}\usepackage{textcomp}\usepackage{booktabs}"
    )
    packages += r"\extrafloats{100}\maxdeadcycles=500"
    page = rf"\documentclass{{article}}{packages}\begin{{document}}\input{{tables}}\end{{document}}"
    (tmp_path / "paper.tex").write_text(page)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    log = (tmp_path / "paper.log").read_text("latin-1")
    assert done.returncode == 0, log[-2000:]
    assert "Overfull" not in log
    assert "Missing character" not in log
