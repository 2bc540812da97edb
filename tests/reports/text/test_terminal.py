"""Tables in a terminal: the numbers of the results, none of them cut at any width."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.reports import print_comparison, print_envelope, print_robustness, print_table
from robustbench_endo.reports.formatting import p_text, signed
from robustbench_endo.results import Resampling, compare


def printed(results, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_table(results, console)
    return console.file.getvalue()


@pytest.mark.parametrize(("models", "width"), [(1, 60), (3, 120), (3, 80), (12, 80)])
def test_print_table_cuts_no_number(make_run, models, width):
    names = [f"family/architecture-{index}" for index in range(models)]
    results = make_run(models=names, gallery=False)
    text = printed(results, width)
    table = results.table()
    floors = [results.floor(metric)[1].point.mean_over_corruptions().item() for metric, _ in table.columns]
    expected = [f"{value:.2f}" for value in (*table.to_numpy(float).ravel(), *floors)]
    assert sorted(re.findall(r"\d+\.\d\d", text)) == sorted(expected)
    assert max(map(len, text.splitlines())) <= width


def test_print_table_splits_by_metric_with_the_sample_and_a_blank_line(make_run):
    tables = printed(make_run(models=[f"family/architecture-{index}" for index in range(3)], gallery=False), 80)
    captions = [line.rstrip() for line in tables.splitlines() if " frames of " in line]
    assert len(captions) == 2
    assert captions[0].partition(", ")[2] == captions[1].partition(", ")[2]
    assert tables.count("\n\n") == 2


def test_print_robustness_folds_labels_before_names_of_models(make_run):
    names = [f"family/architecture{index}" for index in range(3)]
    console = Console(file=io.StringIO(), width=85)
    results = make_run(models=names, gallery=False)
    print_robustness(results, console, ["miou"])
    text = console.file.getvalue()
    assert text.count("architecture0") == text.count("architecture2") > 1
    assert max(map(len, text.splitlines())) <= 85


def test_print_table_begins_with_clean_and_escapes_markup(make_run):
    text = printed(make_run(models=["[bold]", "[/red] x"], gallery=False), 100)
    assert "[bold]" in text
    assert "[/red]" in text
    assert text.index("Clean") < text.index("Gaussian noise") < text.index("Mean of all corruptions")


def test_print_table_shows_dash_for_missing_number(make_run):
    def without_smoke(frame, info):
        return frame.drop(frame.index[frame["corruption"] == "smoke"])

    text = printed(make_run(gallery=False, edit=without_smoke), 120)
    smoke = next(line for line in text.splitlines() if "Smoke" in line)
    assert smoke.count("–") == 6
    assert "nan" not in text


def test_print_table_best_of_row_is_bold(usual_run):
    results = usual_run
    console = Console(file=io.StringIO(), width=120, force_terminal=True, color_system="standard")
    print_table(results, console)
    best = results.table(("miou",)).loc[("occlusion", "smoke")].max()
    assert re.search(rf"\x1b\[1m *{best:.2f}", console.file.getvalue())


@pytest.mark.parametrize("intervals", [False, Resampling(resamples=200)])
def test_print_table_marks_and_excludes_corruptions_of_the_training(annotated_run, intervals):
    console = Console(file=io.StringIO(), width=120)
    print_table(annotated_run, console, ["miou"], intervals)
    lines = console.file.getvalue().splitlines()
    rows = {line.partition("│")[0].strip(): line for line in lines if "│" in line}
    table = annotated_run.table(("miou",))["miou"]
    means = table.loc[[("digital", "contrast"), ("occlusion", "spatter")]].mean()
    for name, values in (
        ("Mean of held-out corruptions", means),
        ("Recorded smoke", table.loc["recorded", "recorded_smoke"]),
    ):
        assert all(f"{value:.2f}" in rows[name] for value in values), name
    assert f"†{table.loc[('occlusion', 'smoke'), 'first']:.2f}" in rows["Smoke"]
    assert {name for name, line in rows.items() if "†" in line} == {
        "Smoke",
        "Occlusion (mean)",
        "Mean of all corruptions",
    }
    assert any(line.startswith("†: the model was trained on it") for line in lines)
    numbers = [line.partition("│")[2] for name, line in rows.items() if name not in ("", "Corruption")]
    first = {re.search(r"\.\d\d", line).start() for line in numbers if re.search(r"\.\d\d", line)}
    assert len(first) == 1


def test_print_table_without_training_has_no_dagger(usual_run):
    assert "†" not in printed(usual_run, 120)


def test_print_table_without_scores_says_so(make_run, unscored):
    results = make_run(models=["a"], corruptions=["smoke"], severities=[1], gallery=False, edit=unscored)
    assert printed(results, 80).startswith("No numbers for accuracy, miou")


@pytest.fixture(scope="module")
def comparison(usual_run):
    return compare(usual_run, ("miou",), resampling=Resampling(resamples=300))


def printed_comparison(results, comparison, width=80, **options) -> str:
    console = Console(file=io.StringIO(), width=width, **options)
    print_comparison(comparison, [results.metric("miou")], console)
    return console.file.getvalue()


def test_print_comparison_shows_differences_with_intervals_and_p(usual_run, comparison):
    narrow, text = (printed_comparison(usual_run, comparison, width) for width in (80, 120))
    assert max(map(len, narrow.splitlines())) <= 80
    for row in comparison.differences.itertuples():
        ends = f"{signed(row.low)} to {signed(row.high)}"
        expected = (f"{row.value:.2f}", signed(row.difference), ends, p_text(row.p_adjusted))
        assert any(all(part in line for part in expected) for line in text.splitlines()), expected
    assert "tiny-endoarss/tesla compared with tiny-resnet/dselect_k" in text


def test_print_comparison_ends_with_statement_and_warning(usual_run, comparison):
    text = " ".join(printed_comparison(usual_run, comparison).split())
    assert comparison.statement in text
    assert "no test can be significant with 2 subjects" in text


def test_print_comparison_significant_difference_is_bold(make_run):
    def better(frame, info):
        frame.loc[frame["model"] == "b", [f"tp_{index}" for index in range(3)]] *= 4
        frame["subject_id"] = frame["image_id"]

    run = make_run(gallery=False, models=["a", "b"], frames=8, edit=better)
    comparison = compare(run, ("miou",))
    coloured = printed_comparison(run, comparison, force_terminal=True, color_system="standard")
    significant = comparison.differences.set_index("category").loc["clean"]
    assert significant["p_adjusted"] <= 0.05
    assert re.search(rf"\x1b\[1m *{re.escape(signed(significant.difference))}", coloured)


def test_print_envelope_shows_severities_and_distortion(annotated_run):
    console = Console(file=io.StringIO(), width=100)
    resampling = Resampling(resamples=200)
    print_envelope(annotated_run, console, {"miou": 0.6}, resampling)
    text = console.file.getvalue()
    assert "mIoU ≥ 60 %" in text
    assert "Based on the worst-case confidence bound." in text
    envelope = annotated_run.envelope({"miou": 0.6}, resampling)
    for row in envelope[envelope["severity"] > 0].itertuples():
        assert f"distortion {row.distortion:.2f}" in text


def test_print_robustness_shows_aggregates_and_failures(annotated_run):
    console = Console(file=io.StringIO(), width=100)
    print_robustness(annotated_run, console, ["miou"], "first")
    text = console.file.getvalue()
    table = annotated_run.robustness(["miou"], "first").loc["miou"]
    for key in ("mean", "mce"):
        assert all(f"{value:.2f}" in text for value in table.loc[key])
    assert "Both fail" in text
    assert "a mask fails below a Dice of 0.5" in " ".join(text.split())


def test_print_robustness_says_why_silent_failures_are_not_defined(make_run):
    def constant(frame, info):
        frame["segmentation_confidence"] = 0.9

    results = make_run(models=["only"], corruptions=["smoke"], gallery=False, edit=constant)
    console = Console(file=io.StringIO(), width=160)
    print_robustness(results, console, ["miou"])
    text = console.file.getvalue()
    assert "Silent mask failures of only are not defined" in text
    assert re.search(r"Silent mask failures, corrupted +│ +–", text)


def test_print_table_takes_metrics_of_a_class(make_run):
    results = make_run(models=["only"], corruptions=["smoke"], gallery=False)
    console = Console(file=io.StringIO(), width=120)
    print_table(results, console, ["dice[shaft]"])
    text = console.file.getvalue()
    assert " ".join(text.split()).startswith("Dice of shaft (%), 6 frames of 2 subjects")
    assert f"{results.table(['dice[shaft]']).loc[('clean', 'clean')].item():.2f}" in text
    with pytest.raises(RobustEndoError, match=r"got 'tip' in dice\[tip\]"):
        print_table(results, console, ["dice[tip]"])
