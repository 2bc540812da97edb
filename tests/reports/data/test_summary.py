"""The summary names the right model, numbers and corruption."""

from __future__ import annotations

from robustbench_endo.reports.data.summary import summarise


def test_summarise_gives_the_numbers_of_the_most_robust_model(usual_run):
    table = usual_run.table(("miou",))["miou"]
    model = table.loc[("mean", "all")].idxmax()
    corruptions = table.loc[[(g, c) for c, g in usual_run.corruption_categories.items()], model]
    summary = summarise(usual_run)
    values = (table.loc[("clean", "clean"), model], table.loc[("mean", "all"), model], corruptions.min())
    assert summary.model == model
    assert [number.value for number in summary.numbers] == [f"{value:.1f}\u00a0%" for value in values]
    assert corruptions.idxmin()[1].replace("_", " ") in summary.text.lower()
    assert all(number.value in summary.text for number in summary.numbers)


def test_summarise_does_not_rank_a_single_model(make_run):
    text = summarise(make_run(models=["only"], corruptions=["smoke"], severities=[3], gallery=False)).text
    assert "most robust" not in text
    assert "1 model, 6 frames" in text
    assert "1 corruption at severity 3" in text


def test_summarise_reports_a_run_without_scores(make_run, unscored):
    summary = summarise(make_run(gallery=False, edit=unscored))
    assert summary.numbers == ()
    assert "no scores" in summary.text


def test_summarise_without_clean_frames_claims_no_fraction(make_run):
    def no_clean(frame, info):
        return frame.drop(frame.index[frame["corruption"] == "clean"])

    summary = summarise(make_run(gallery=False, edit=no_clean))
    assert summary.numbers[0].value == "–"
    assert "of its clean score" not in summary.text
