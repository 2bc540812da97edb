"""LaTeX: the numbers of the results, names as text, tables that fit the page and compile."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.text import latex, printed_tables
from robustbench_endo.reports.text.latex import escape_latex

HOSTILE = 'a_b&c%d#e$f{g}~^\\ <script>"|*`[x](y)'


def numbers(line: str) -> list[str]:
    return re.findall(r"(?<![\w.])-?\d+\.\d\d(?!\d)", line)


def test_latex_numbers_equal_results(printed_report, expected_rows):
    results, report, tables = printed_report
    text = latex(tables, report.name, results.protocol)
    part = text.split(r"\label{tab:scores-accuracy-miou}")[1].split(r"\end{table}")[0]
    rows = {re.sub(r"\\emph{(.*?)}.*", r"\1", line.split("&")[0]).strip(): numbers(line) for line in part.splitlines()}
    for label, values in expected_rows(results, "accuracy", "miou").items():
        assert rows[label] == values, label


def test_latex_prints_intervals_on_request(make_run, resampling):
    results = make_run(models=["a", "b"], corruptions=["smoke"], severities=[1, 3], frames=12, gallery=False)
    report = report_data(results, resampling)
    text = latex(printed_tables(results, report, resampling), report.name, "standard")
    table = results.table(("miou",), resampling)["miou"]["a"].loc[("occlusion", "smoke")]
    expected = f"{table['value']:.2f}" + r"} {\scriptsize[" + f"{table['low']:.2f}, {table['high']:.2f}]" + "}"
    assert expected.replace("}", "") in text.replace("}", "")
    assert "95 \\% intervals" in text
    without = latex(printed_tables(results, report_data(results)), report.name, "standard")
    assert r"{\scriptsize[" not in without


def test_latex_environments_close_and_rows_have_all_columns(make_run):
    names = [f"a-rather-long-family/architecture_{index}" for index in range(12)]
    results = make_run(models=names, corruptions=["smoke", "contrast"], severities=[1], gallery=False)
    text = latex(printed_tables(results, report_data(results)), "run", "standard")
    for name in ("table", "tabular"):
        assert text.count(rf"\begin{{{name}}}") == text.count(rf"\end{{{name}}}") > 0
    assert len(set(re.findall(r"\\label{(.*?)}", text))) == text.count(r"\label{")
    for body in re.findall(r"\\begin{tabular}(.*?)\\end{tabular}", text, re.S):
        columns = re.match(r"{@{}(l)(r+)@{}}", body)
        assert len(columns[2]) <= 8
        rows = [line for line in body.splitlines() if line.endswith(r"\\") and "multicolumn" not in line]
        assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {len(columns[2])}


def test_latex_escapes_names(make_run):
    def rename(frame, info):
        info["name"] = HOSTILE + "\n% gone \\input{x}"

    results = make_run(models=[HOSTILE, "b"], corruptions=["smoke"], severities=[1], gallery=False, edit=rename)
    report = report_data(results)
    text = latex(printed_tables(results, report), report.name, "standard")
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    assert r"\input" not in body
    plain = re.sub(r"\\[A-Za-z]+{?}?|\\.", "", body.split(r"\toprule")[1].split(r"\midrule")[0])
    assert not re.search(r"[#$%~^|<>\"`]", plain)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_b", r"a\_b"),
        ("50 %", r"50 \%"),
        ("a\nb\x00", "a b "),
        ("[x]", "{[}x{]}"),
        ("\u2212–", r"\ensuremath{-}\textendash{}"),
    ],
)
def test_escape_latex_of_special_letters(text, expected):
    assert escape_latex(text) == expected


def test_latex_marks_corruptions_of_the_training(annotated_run, resampling):
    tables = printed_tables(annotated_run, report_data(annotated_run, resampling))
    smoke = annotated_run.table(("miou",)).loc["occlusion", "smoke"]["miou"]["first"]
    text = latex(tables, "run", "standard")
    assert re.search(rf"\\textsuperscript{{\\textdagger{{}}}}(\\textbf{{)?{smoke:.2f}", text)
    assert r"\textdagger{}: the model was trained on it" in text


@pytest.mark.slow
@pytest.mark.parametrize("with_intervals", [False, True])
def test_latex_compiles_without_warnings(make_run, tmp_path, resampling, with_intervals):
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex (texlive-latex-recommended) is not installed")
    intervals = resampling if with_intervals else False

    def edit(frame, info):
        info["models"][0]["trained_on"] = ["smoke"]

    models = [HOSTILE, *(f"a-rather-long-family/architecture_{index}" for index in range(9))]
    results = make_run(
        models=models, corruptions=["smoke", "jpeg_compression"], severities=[1], gallery=False, edit=edit
    )
    tables = printed_tables(results, report_data(results, intervals), intervals)
    (tmp_path / "tables.tex").write_text(latex([*tables[:2], *tables[-4:]], "run", "standard"))
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
