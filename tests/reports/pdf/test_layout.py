"""The PDF: the numbers of the results, names as text, nothing past the edge of a page."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from robustbench_endo.errors import OptionalDependencyError
from robustbench_endo.reports.data.report_data import content
from robustbench_endo.reports.pdf import pdf
from robustbench_endo.results import Bootstrap

HOSTILE = '#pagebreak() $x$ <script> *b* _i_ \\ "q" [c] @ref \'é'


def text_of(data: bytes) -> str:
    """The words of a PDF, laid out; invisible break marks removed."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=data, capture_output=True, check=True)
    return done.stdout.decode().replace("\u200b", "").replace("\u00a0", " ")


def boxes(data: bytes) -> list[tuple[float, float, float]]:
    """(left, right, page width) of every word."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    done = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=data, capture_output=True, check=True)
    found = []
    width = 0.0
    for line in done.stdout.decode().splitlines():
        if page := re.search(r'<page width="([\d.]+)"', line):
            width = float(page[1])
        if word := re.search(r'xMin="([-\d.]+)".*xMax="([-\d.]+)"', line):
            found.append((float(word[1]), float(word[2]), width))
    return found


@pytest.fixture(autouse=True)
def _typst(monkeypatch):
    pytest.importorskip("typst", reason="the extra 'report' is not installed")
    # Few resamples: what is tested here is how numbers are printed.
    monkeypatch.setattr("robustbench_endo.reports.data.report_data.QUICK", Bootstrap(resamples=200))


def flat(text: str) -> str:
    """Words with single spaces."""
    return re.sub(r"\s+", " ", text)


@pytest.fixture(scope="module")
def usual(usual_run):
    """The report of the usual run and the words of its PDF, made once."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("robustbench_endo.reports.data.report_data.QUICK", Bootstrap(resamples=200))
        gathered = content(usual_run)
    return usual_run, gathered, text_of(pdf(gathered))


def test_numbers_models_and_corruptions_are_those_of_the_results(usual):
    results, _, text = usual
    table = results.table(("accuracy", "miou"))
    for category, name in table.index:
        label = {"clean": "Clean", "all": "Mean of all corruptions"}.get(name) or name.replace("_", " ")
        values = [f"{value:.2f}" for value in table.loc[(category, name)]]
        pattern = rf"(?i){label}( mean)?\s+" + r"\s+".join(map(re.escape, values))
        assert re.search(pattern, text), (name, values)
    assert all(model.split("/")[1] in text for model in results.models)


def test_failures_envelope_and_comparison_are_those_of_the_results(usual):
    results, gathered, text = usual
    failed = results.failures()
    for key, label in ((("clean", "clean"), "Clean"), (("digital", "contrast"), "Contrast")):
        row = failed.loc[key]
        cells = (
            f"{row['activity_silent', model]:.2f} / {row['activity_failed', model]:.2f}" for model in results.models
        )
        assert re.search(rf"{label}\s+" + r"\s+".join(cells), text)
    for block in gathered.pairwise_comparison.blocks:
        for row in block.rows:
            assert all(cell.text in text and cell.ends in text for cell in row.cells)
    safe = results.envelope({"miou": gathered.operating_envelope.threshold / 100}, Bootstrap(resamples=200))
    for dose in safe[safe["severity"] > 0]["dose"]:
        assert f"dose {dose:.2f}" in text
    assert f"mIoU ≥ {gathered.operating_envelope.threshold:g} %" in flat(text)


def test_every_part_has_its_chapter(usual):
    text = flat(usual[2])
    for chapter in (
        "Scores under corruption",
        "Every metric at a glance",
        "mIoU against severity",
        "Where each model is weak",
        "Which classes fall",
        "Patient by patient",
        "What the models saw",
        "Where each model is still safe",
        "What each model keeps of its own",
        "Failures that nobody is told of",
        "Does a model know what it knows?",
        "Against tiny",
        "Where the run went most wrong",
        "Where the numbers come from",
        "Every other metric",
        "Glossary",
    ):
        assert chapter in text, chapter


def test_worst_frames_come_with_their_keys(usual):
    _, gathered, text = usual
    assert len(gathered.worst) == 12
    for frame in gathered.worst:
        assert frame.image_id in text
        assert f"{frame.corruption}, severity {frame.severity}: {frame.model}, {frame.clean_score}" in flat(text)


@pytest.mark.parametrize(("page_size", "size"), [("a4", (595, 841)), ("letter", (612, 792))])
def test_page_size(make_run, page_size, size):
    data = pdf(content(make_run(models=["a"], corruptions=["smoke"], severities=[1], gallery=False)), page_size)
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    done = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=data, capture_output=True, check=True)
    sizes = set(re.findall(r'<page width="(\d+)[\d.]*" height="(\d+)', done.stdout.decode()))
    assert sizes == {tuple(map(str, size))}


def test_what_is_missing_is_a_dash(make_run):
    def without(frame, info):
        frame = frame[~((frame["corruption"] == "smoke") & (frame["model"] == "b"))].copy()
        frame.loc[frame["model"] == "b", "activity_prediction"] = -1
        return frame

    results = make_run(models=["a", "b"], corruptions=["smoke", "contrast"], severities=[1], edit=without)
    text = text_of(pdf(content(results)))
    table = results.table()
    smoke = table.loc[("occlusion", "smoke")]
    numbers = (f"{smoke['accuracy', 'a']:.2f}", "–", f"{smoke['miou', 'a']:.2f}", "–")
    assert re.search(r"Smoke\s+" + r"\s+".join(numbers), text)
    assert not re.search(r"\b(nan|NaN)\b", text)


def test_no_word_leaves_its_page_with_twelve_models(make_run):
    names = [f"a-rather-long-family-name/architecture_{index}" for index in range(12)]
    results = make_run(models=names, corruptions=["smoke", "contrast"], severities=[1, 3])
    data = pdf(content(results))
    assert all(left > 40 and right < width - 40 for left, right, width in boxes(data))
    text = text_of(data)
    expected = {f"{value:.2f}" for value in results.table().to_numpy(float).ravel()}
    assert expected <= set(re.findall(r"\d+\.\d\d", text))


def test_one_model_one_corruption_one_severity(make_run):
    results = make_run(models=["only"], corruptions=["smoke"], severities=[3])
    text = text_of(pdf(content(results)))
    assert "1 corruption at severity 3" in text
    assert re.search(r"1 ?/ ?\d+", text)


def test_names_are_text_not_source(make_run):
    def rename(frame, info):
        info["name"] = HOSTILE
        info["notes"] = [HOSTILE]
        info["failures"] = [{"id": HOSTILE, "reason": HOSTILE}, {"id": "x", "reason": "y"}]

    results = make_run(models=[HOSTILE, "b"], corruptions=["smoke"], severities=[1], edit=rename)
    words = "".join(text_of(pdf(content(results))).split())
    assert words.count("".join(HOSTILE.split())) >= 5


def test_without_gallery_or_scores(make_run, unscored):
    text = text_of(pdf(content(make_run(gallery=False, edit=unscored))))
    assert "no scores" in text
    assert "nan" not in text


def test_the_same_run_gives_the_same_bytes(make_run):
    gathered = content(make_run(corruptions=["smoke"], severities=[1]))
    assert pdf(gathered) == pdf(gathered)


def test_without_typst_the_error_names_the_extra(make_run, monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    gathered = content(make_run(models=["a"], corruptions=["smoke"], severities=[1]))
    with pytest.raises(OptionalDependencyError, match=r"robustbench-endo\[report\]"):
        pdf(gathered)


def test_held_out_mean_and_recorded_conditions_have_rows(told_run):
    text = text_of(pdf(content(told_run)))
    table = told_run.table(("accuracy", "miou"))
    own = table.loc[[("digital", "contrast"), ("occlusion", "spatter")]].mean()
    rows = {
        "Mean of held-out corruptions": own,
        "Recorded conditions mean": table.loc["mean", "recorded"],
        "Recorded smoke": table.loc["recorded", "recorded_smoke"],
    }
    for label, values in rows.items():
        assert re.search(rf"{label}\s+" + r"\s+".join(f"{value:.2f}" for value in values), text), label
    smoke = table.loc["occlusion", "smoke"]
    marks = [f"{'†' * (model == 'first')}{smoke[name, model]:.2f}" for name, model in smoke.index]
    assert re.search(r"Smoke\s+" + r"\s+".join(marks), text)
    assert "Pictures really taken so" in text
    assert re.search(r"smoke\s[^†]*?\(recorded\)", text)
    glance = text[text.index("Every metric at a glance") :]
    for name in ("accuracy", "miou"):
        pairs = (
            rf"{table.loc[('clean', 'clean'), (name, m)]:.2f}\s+→\s+{table.loc[('mean', 'all'), (name, m)]:.2f}"
            for m in told_run.models
        )
        assert all(re.search(pair, glance) for pair in pairs), name
