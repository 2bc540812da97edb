"""The PDF: its numbers are those of the results, names are text, nothing is past the edge of a page."""

from __future__ import annotations

import re
import sys
from dataclasses import replace

import pytest

from robustbench_endo.errors import OptionalDependencyError
from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.pdf import pdf
from robustbench_endo.reports.pdf.figures import MAX_DROPS
from robustbench_endo.results import Resampling

MIN_FILL = 0.5
"""Of the height of every page but the last, from its first to its last ink."""

HOSTILE = '#pagebreak() $x$ <script> *b* _i_ \\ "q" [c] @ref \'é'


@pytest.fixture(scope="module")
def small_report(build_run, tmp_path_factory):
    """Two models and one condition, with images."""
    folder = tmp_path_factory.mktemp("small") / "run"
    return report_data(build_run(folder, models=["a", "b"], corruptions=["smoke"], severities=[1]))


def flat(text: str) -> str:
    """Words with single spaces."""
    return re.sub(r"\s+", " ", text)


def test_pdf_scores_equal_results(usual_pdf):
    results, _, text, _ = usual_pdf
    table = results.table(("accuracy", "miou"))
    for category, name in table.index:
        label = {"clean": "Clean", "all": "Mean of all corruptions"}.get(name) or name.replace("_", " ")
        values = [f"{value:.2f}" for value in table.loc[(category, name)]]
        pattern = rf"(?i){label}( mean)?\s+‡?" + r"\s+‡?".join(map(re.escape, values))
        assert re.search(pattern, text), (name, values)
    assert all(model.split("/")[1] in text for model in results.models)


def test_pdf_failures_envelope_and_comparison_equal_results(usual_pdf):
    results, report, text, _ = usual_pdf
    failed = results.failures()
    for key, label in ((("clean", "clean"), "Clean"), (("digital", "contrast"), "Contrast")):
        row = failed.loc[key]
        cells = (
            f"{row[f'{task}_silent', model]:.2f} / {row[f'{task}_failed', model]:.2f}"
            for task in ("segmentation", "activity")
            for model in results.models
        )
        assert re.search(rf"{label}\s+" + r"\s+".join(cells), text)
    for block in report.comparison.by_metric:
        for cell in block.differences.cells:
            assert cell.text in text
            assert cell.interval in text
    safe = results.envelope({"dice_worst_class": report.envelope.threshold / 100}, Resampling(resamples=200))
    for distortion in safe[safe["severity"] > 0]["distortion"]:
        assert f"distortion {distortion:.2f}" in text
    assert f"Dice of the worst class ≥ {report.envelope.threshold:g} %" in flat(text)


def test_pdf_pages_are_numbered(usual_pdf):
    pages = usual_pdf.text.rstrip("\f").split("\f")
    numbers = [re.findall(r"page (\d+) of (\d+)\s*$", page) for page in pages]
    assert numbers == [[(str(page), str(len(pages)))] for page in range(1, len(pages) + 1)]


def test_pdf_has_all_chapters(usual_pdf):
    text = flat(usual_pdf.text)
    for chapter in (
        "Intended use of the test",
        "Data and settings",
        "Criteria and verdicts",
        "Worst corruptions",
        "Limitations",
        "Sign-off",
        "Scores under corruption",
        "Every metric at a glance",
        "Scores against severity",
        "Categories of corruptions",
        "Results by class",
        "Results by patient",
        "Images and predictions",
        "Safe operating range",
        "own clean score",
        "Silent (overconfident) failures",
        "Calibration",
        "Statistical comparison",
        "The difference of each model from tiny",
        "Largest performance drops",
        "Provenance",
        "Glossary",
    ):
        assert chapter in text, chapter


def test_pdf_has_a_line_to_fill_in_where_no_intended_use_is_stated(usual_pdf, small_report, text_of):
    _, report, text, _ = usual_pdf
    assert "Not stated; to be filled in" in text
    assert text.count(report.document.id) >= 3  # title, header, sign-off
    assert all(sentence in flat(text) for sentence in report.document.limitations)
    stated = replace(small_report, document=replace(small_report.document, intended_use="Release test of #model 3."))
    assert "Release test of #model 3." in text_of(pdf(stated))


def test_pdf_prints_constant_parameters_once(usual_pdf):
    assert "Nobody, 2025" in usual_pdf.text
    assert usual_pdf.text.count("Nobody, 2025") == 1
    assert flat(usual_pdf.text).count("constant:") == 0  # every parameter of this run changes with severity


def test_pdf_pages_are_full(usual_pdf, fills):
    values = fills(usual_pdf.data)
    assert len(values) <= 18
    assert min(values[:-1]) >= MIN_FILL, values


def test_pdf_identifies_frames_of_largest_drops(usual_pdf):
    _, report, text, _ = usual_pdf
    assert len(report.drops) == 12
    for drop in report.drops[:MAX_DROPS]:
        assert drop.image_id in text
        assert f"{drop.corruption}, severity {drop.severity}: {drop.model}, {drop.clean_score}" in flat(text)


@pytest.mark.parametrize(("page_size", "size"), [("a4", (595, 841)), ("letter", (612, 792))])
def test_pdf_page_size(small_report, boxes, page_size, size):
    data = pdf(small_report, page_size)
    assert {(int(width), int(height)) for _, _, width, height in boxes(data)} == {size}


def test_pdf_shows_dash_for_missing_number(make_run, text_of):
    def without(frame, info):
        frame = frame[~((frame["corruption"] == "smoke") & (frame["model"] == "b"))].copy()
        frame.loc[frame["model"] == "b", "activity_prediction"] = -1
        return frame

    results = make_run(models=["a", "b"], corruptions=["smoke", "contrast"], severities=[1], edit=without)
    text = text_of(pdf(report_data(results)))
    table = results.table()
    smoke = table.loc[("occlusion", "smoke")]
    numbers = (f"{smoke['accuracy', 'a']:.2f}", "–", f"{smoke['miou', 'a']:.2f}", "–")
    assert re.search(r"Smoke\s+" + r"\s+".join(numbers), text)
    assert not re.search(r"\b(nan|NaN)\b", text)


@pytest.mark.slow
def test_pdf_words_stay_on_page_with_twelve_models(make_run, text_of, boxes):
    names = [f"a-rather-long-family-name/architecture_{index}" for index in range(12)]
    results = make_run(models=names, corruptions=["smoke", "contrast"], severities=[1, 3])
    data = pdf(report_data(results))
    assert all(left > 40 and right < width - 40 for left, right, width, _ in boxes(data))
    text = text_of(data)
    expected = {f"{value:.2f}" for value in results.table().to_numpy(float).ravel()}
    assert expected <= set(re.findall(r"\d+\.\d\d", text))


def test_pdf_of_one_model_and_one_condition(make_run, text_of):
    results = make_run(models=["only"], corruptions=["smoke"], severities=[3])
    text = text_of(pdf(report_data(results)))
    assert "1 at severities 3" in text
    assert re.search(r"page 1 of \d+", text)


def test_pdf_shows_hostile_names_as_text(make_run, text_of):
    def rename(frame, info):
        info["name"] = HOSTILE
        info["notes"] = [HOSTILE]
        info["failures"] = [{"id": HOSTILE, "reason": HOSTILE}, {"id": "x", "reason": "y"}]

    results = make_run(models=[HOSTILE, "b"], corruptions=["smoke"], severities=[1], edit=rename)
    words = "".join(text_of(pdf(report_data(results))).split())
    assert words.count("".join(HOSTILE.split())) >= 5


def test_pdf_without_gallery_or_scores(make_run, unscored, text_of):
    text = text_of(pdf(report_data(make_run(gallery=False, edit=unscored))))
    assert "no scores" in text
    assert not re.search(r"\bnan\b", text)


def test_pdf_is_reproducible(small_report):
    assert pdf(small_report) == pdf(small_report)


def test_pdf_without_typst_names_the_extra(small_report, monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(OptionalDependencyError, match=r"robustbench-endo\[report\]"):
        pdf(small_report)


def test_pdf_has_held_out_mean_and_recorded_conditions(annotated_run, text_of):
    text = text_of(pdf(report_data(annotated_run)))
    table = annotated_run.table(("accuracy", "miou"))
    held_out = table.loc[[("digital", "contrast"), ("occlusion", "spatter")]].mean()
    rows = {
        "Mean of held-out corruptions": held_out,
        "Recorded conditions mean": table.loc["mean", "recorded"],
        "Recorded smoke": table.loc["recorded", "recorded_smoke"],
    }
    for label, values in rows.items():
        assert re.search(rf"{label}\s+" + r"\s+".join(f"{value:.2f}" for value in values), text), label
    smoke = table.loc["occlusion", "smoke"]
    marks = [f"{'†' * (model == 'first')}{smoke[name, model]:.2f}" for name, model in smoke.index]
    assert re.search(r"Smoke\s+" + r"\s+".join(marks), text)
    assert "Recorded images: nothing is computed" in text
    glance = text[text.index("Every metric at a glance") :]
    for name in ("accuracy", "miou"):
        pairs = (
            rf"{table.loc[('clean', 'clean'), (name, m)]:.2f}\s+→\s+{table.loc[('mean', 'all'), (name, m)]:.2f}"
            for m in annotated_run.models
        )
        assert all(re.search(pair, glance) for pair in pairs), name
