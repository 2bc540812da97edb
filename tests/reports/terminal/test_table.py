"""The terminal table holds the same numbers, whole at any width."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from robustbench_endo.reports import print_table
from robustbench_endo.results import Bootstrap


def printed(results, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_table(results, console)
    return console.file.getvalue()


@pytest.mark.parametrize(("models", "width"), [(1, 60), (3, 120), (3, 80), (12, 80)])
def test_every_number_is_printed_whole(make_run, models, width):
    names = [f"family/architecture-{index}" for index in range(models)]
    results = make_run(models=names, gallery=False)
    text = printed(results, width)
    expected = [f"{value:.2f}" for value in results.table().to_numpy(float).ravel()]
    assert sorted(re.findall(r"\d+\.\d\d", text)) == sorted(expected)
    assert max(map(len, text.splitlines())) <= width


def test_clean_comes_first_and_markup_in_names_is_text(make_run):
    text = printed(make_run(models=["[bold]", "[/red] x"], gallery=False), 100)
    assert "[bold]" in text
    assert "[/red]" in text
    assert text.index("Clean") < text.index("Gaussian noise") < text.index("Mean of all corruptions")


def test_an_absent_number_is_a_dash(make_run):
    def without_smoke(frame, info):
        return frame.drop(frame.index[frame["corruption"] == "smoke"])

    text = printed(make_run(gallery=False, edit=without_smoke), 120)
    smoke = next(line for line in text.splitlines() if "Smoke" in line)
    assert smoke.count("–") == 6
    assert "nan" not in text


def test_the_best_model_of_a_row_is_bold(usual_run):
    results = usual_run
    console = Console(file=io.StringIO(), width=120, force_terminal=True, color_system="standard")
    print_table(results, console)
    best = results.table(("miou",)).loc[("occlusion", "smoke")].max()
    assert re.search(rf"\x1b\[1m *{best:.2f}", console.file.getvalue())


@pytest.mark.parametrize("intervals", [False, Bootstrap(resamples=200)])
def test_what_was_trained_on_is_marked_and_left_out_of_a_mean_of_its_own(told_run, intervals):
    console = Console(file=io.StringIO(), width=120)
    print_table(told_run, console, ["miou"], intervals)
    lines = console.file.getvalue().splitlines()
    rows = {line.partition("│")[0].strip(): line for line in lines if "│" in line}
    table = told_run.table(("miou",))["miou"]
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


def test_without_training_data_there_is_no_dagger(usual_run):
    assert "†" not in printed(usual_run, 120)
