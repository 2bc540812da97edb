"""The paragraph names the right model, numbers and corruption."""

from __future__ import annotations

from robustbench_endo.reports.data.summary import summarise


def test_the_three_numbers_are_those_of_the_most_robust_model(usual_run):
    results = usual_run
    table = results.table(("miou",))["miou"]
    model = table.loc[("mean", "all")].idxmax()
    corruptions = table.loc[[(g, c) for c, g in results.corruption_categories.items()], model]
    summary = summarise(results)
    values = (table.loc[("clean", "clean"), model], table.loc[("mean", "all"), model], corruptions.min())
    assert summary.model == model
    assert [number.value for number in summary.numbers] == [f"{value:.1f}\u00a0%" for value in values]
    assert corruptions.idxmin()[1].replace("_", " ") in summary.text.lower()
    assert all(number.value in summary.text for number in summary.numbers)


def test_one_model_is_not_called_the_most_robust(make_run):
    text = summarise(make_run(models=["only"], corruptions=["smoke"], severities=[3], gallery=False)).text
    assert "most robust" not in text
    assert "1 model, 6 frames" in text
    assert "1 corruption at severity 3" in text


def test_without_any_score_it_says_so(make_run, unscored):
    summary = summarise(make_run(gallery=False, edit=unscored))
    assert summary.numbers == ()
    assert "no scores" in summary.text


def test_without_the_clean_condition_no_share_is_claimed(make_run):
    def no_clean(frame, info):
        return frame.drop(frame.index[frame["corruption"] == "clean"])

    summary = summarise(make_run(gallery=False, edit=no_clean))
    assert summary.numbers[0].value == "–"
    assert "of its clean score" not in summary.text
