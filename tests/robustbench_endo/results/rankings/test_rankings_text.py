"""What rankings print."""


def test_text_has_a_line_per_model_and_the_tables(results):
    rankings = results.rankings("miou", draws=100)
    text = repr(rankings)
    assert text.startswith("Rankings by miou")
    for model in rankings.models:
        assert f"  {model}; by all methods" in text
    assert rankings.statement in text
    assert ".distribution" in text
    lowest = rankings.methods.min(axis=None)
    assert f"Kendall's tau between methods: {lowest:.2f} to " in text
    assert "between categories of corruptions" in text


def test_html_escapes_names(make_results):
    rankings = make_results(models=("<b>", "a")).rankings("miou", draws=100)
    page = rankings._repr_html_()
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
    assert "worst_case" in page


def test_text_of_a_single_subject_has_no_interval(make_results):
    text = repr(make_results(subjects=1).rankings("miou"))
    assert " to nan" not in text
    assert "No draws" in text
