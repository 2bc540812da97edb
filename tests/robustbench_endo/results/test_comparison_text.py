"""What a comparison says of itself."""

import numpy as np

from robustbench_endo.results import Resampling

HOSTILE = '<script>alert("x")</script>'


def test_comparison_text_has_the_numbers_of_the_mean(results):
    comparison = results.compare(metric="miou")
    (row,) = comparison.differences.query("category == 'mean' and corruption == 'all'").itertuples()
    text = repr(comparison)
    assert f"miou, mean of corruptions: b {row.value:.2f}, a {row.baseline:.2f}" in text
    assert f"{row.difference:+.2f} ({row.low:+.2f} to {row.high:+.2f}), p = {row.p:.3f}" in text
    assert comparison.statement in text


def test_comparison_text_without_tests_has_dashes(make_results):
    text = repr(make_results(subjects=1).compare(metric="miou"))
    assert ", no test" in text
    assert "nan" not in text
    assert "p = " not in repr(make_results().compare(metric="miou", resampling=Resampling(unit="frame")))


def test_comparison_html_escapes_names(make_results):
    page = make_results(models=(HOSTILE, "b")).compare(metric="miou")._repr_html_()
    assert "<script>" not in page
    assert page.count("<tr") == 1 + len(np.unique(["clean", "smoke", "contrast", "occlusion", "digital", "all"]))
