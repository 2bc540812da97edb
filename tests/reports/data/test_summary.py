"""The summary states numbers of the models that can be the best, and a winner only where the comparison has one."""

from __future__ import annotations

import pytest

from robustbench_endo.reports.data.summary import summarise
from robustbench_endo.results import compare


def test_summarise_gives_the_range_of_models_that_do_not_differ(usual_run):
    table = usual_run.table(("miou",))["miou"]
    comparison = compare(usual_run, ["miou"])
    first = comparison.ranks.loc[comparison.ranks["first"], "model"].tolist()
    assert len(first) > 1
    summary = summarise(usual_run, comparison)
    assert summary.models == tuple(first)
    clean, mean = (table.loc[key, first] for key in (("clean", "clean"), ("mean", "all")))
    assert summary.numbers[0].value == f"{clean.min():.1f} to {clean.max():.1f}\u00a0%"
    assert summary.numbers[1].value == f"{mean.min():.1f} to {mean.max():.1f}\u00a0%"
    assert "not distinguishable" in summary.text
    # The worst corruption of one of them may be another one.
    assert "The mean of the models is lowest under" in summary.text
    assert summary.numbers[2].detail.endswith(", worst for their mean")
    assert all(f"{value:.1f}\u00a0% ({model})" in summary.text for model, value in mean.items())


def better(frame, info):
    frame.loc[frame["model"] == info["models"][1]["name"], [f"tp_{index}" for index in range(3)]] *= 4
    frame["subject_id"] = frame["image_id"]


def test_summarise_names_a_winner_that_the_comparison_supports(make_run):
    run = make_run(gallery=False, frames=12, edit=better)
    summary = summarise(run, compare(run, ["miou"]))
    assert summary.models == (run.models[1],)
    assert f"{run.models[1]} has a better mIoU than every other model" in summary.text
    assert [number.detail for number in summary.numbers[:2]] == [run.models[1]] * 2


def test_summarise_counts_what_is_retained_from_the_floor(usual_run):
    summary = summarise(usual_run, compare(usual_run, ["miou"]))
    retained = usual_run.robustness(["miou"]).loc[("miou", "relative"), list(summary.models)]
    floor = usual_run.floor("miou")
    assert f"A predictor that sees no image ({floor[0]}) scores" in summary.text
    assert f"retain {retained.min():.1f} to {retained.max():.1f}\u00a0% under corruption" in summary.text


def test_summarise_states_the_mean_of_subjects_where_it_differs(make_run):
    def one_long_patient(frame, info):
        better = frame["image_id"].str.contains("_05")
        frame.loc[better, [f"tp_{index}" for index in range(3)]] *= 4
        frame["subject_id"] = better.map({True: "short", False: "long"})

    run = make_run(models=["only"], corruptions=["smoke"], severities=[3], gallery=False, edit=one_long_patient)
    mean = run.robustness(["miou"]).loc[("miou", "subject_mean"), "only"]
    assert f"With every subject counting once the mean is {mean:.1f}\u00a0%." in summarise(run, None).text


def test_summarise_names_no_winner_of_one_patient(make_run):
    def one(frame, info):
        better(frame, info)
        frame["subject_id"] = "OP3"

    run = make_run(gallery=False, edit=one)
    text = summarise(run, compare(run, ["miou"])).text
    assert "6 frames of 1 subject" in text
    assert "better" not in text
    assert "One subject (patient or sequence): no interval and no p-value" in text


def test_summarise_does_not_rank_a_single_model(make_run):
    run = make_run(models=["only"], corruptions=["smoke"], severities=[3], gallery=False)
    text = summarise(run, None).text
    assert "distinguishable" not in text
    assert "1 model, 6 frames of" in text
    assert "1 corruption at severity 3" in text
    assert "(only)" in text


def test_summarise_reports_a_run_without_scores(make_run, unscored):
    summary = summarise(make_run(gallery=False, edit=unscored), None)
    assert summary.numbers == ()
    assert "no scores" in summary.text


@pytest.mark.parametrize("models", [["only"], ["a", "b"]])
def test_summarise_without_clean_frames_claims_no_fraction(make_run, models):
    def no_clean(frame, info):
        return frame.drop(frame.index[frame["corruption"] == "clean"])

    run = make_run(models=models, gallery=False, edit=no_clean)
    summary = summarise(run, compare(run, ["miou"]) if len(models) > 1 else None)
    assert summary.numbers[0].value == "–"
    assert "On clean frames" not in summary.text
