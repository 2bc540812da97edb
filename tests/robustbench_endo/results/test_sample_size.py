"""Variance components and the number of subjects that follows from them."""

import numpy as np
import pytest
from scipy import stats

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.results import sample_size
from robustbench_endo.results.sample_size import variance_components


def test_variance_components_recover_a_known_design():
    random = np.random.default_rng(0)
    subjects = np.repeat(np.arange(400), random.integers(5, 16, 400))
    values = random.normal(0, 2.0, 400)[subjects] + random.normal(0, 3.0, len(subjects))
    components = variance_components(values, subjects)
    assert np.sqrt(components.between) == pytest.approx(2, rel=0.1)
    assert np.sqrt(components.within) == pytest.approx(3, rel=0.05)
    assert components.subjects == 400
    assert components.of_mean(9) == components.between + components.within / 9


def test_variance_components_are_never_negative():
    components = variance_components(np.array([0.0, 4.0, 4.0, 0.0]), np.array([0, 0, 1, 1]))
    assert components.between == 0
    assert components.within == 8


def accuracy_run(make_results, **options):
    """A run whose accuracy is the mean over frames, so that its variance is known."""
    return make_results(corruptions=("smoke",), severities=(1,), **options)


def test_sample_size_meets_its_half_width(make_results):
    results = accuracy_run(make_results, frames=120, subjects=12)
    table = sample_size(results, "miou_per_image", 0.01, frames=(10,))
    row = table[table["model"] == "a"].iloc[0]
    variance = row["between_sd"] ** 2 + row["within_sd"] ** 2 / 10
    halves = [stats.t.ppf(0.975, n - 1) * np.sqrt(variance / (n - 1)) for n in (row["subjects"], row["subjects"] - 1)]
    assert halves[0] <= 1.0 < halves[1]
    assert row["subjects_upper"] > row["subjects"]


def test_sample_size_within_sd_of_a_mean_is_that_of_the_frames(make_results):
    results = accuracy_run(make_results, frames=60, subjects=6)
    row = sample_size(results, "miou_per_image", 0.01).iloc[0]
    frames = results.frame.query("model == 'a' and corruption == 'smoke'")
    within = np.sqrt((frames.groupby("subject_id")["iou_mean"].var(ddof=1)).mean())
    assert row["within_sd"] == pytest.approx(100 * within, rel=1e-6)


def test_sample_size_falls_with_frames_and_half_width(make_results):
    results = make_results(frames=48, subjects=8)
    table = sample_size(results, "miou", 0.01)
    assert table["frames"].unique().tolist() == [3, 6, 12, 24]
    for _, rows in table.groupby("model"):
        assert rows["subjects"].is_monotonic_decreasing
    wide = sample_size(results, "miou", 0.05)
    assert (wide["subjects"] <= table["subjects"]).all()


def test_sample_size_of_a_difference_has_its_power(make_results):
    results = make_results(frames=48, subjects=8)
    table = sample_size(results, "miou", 0.02, power=0.8, margin=0.02, frames=(6,))
    assert table["goal"].tolist() == ["interval", "interval", "difference"]
    row = table.iloc[-1]
    assert row["model"] == "a - b"
    assert row["subjects"] >= 6
    sd = np.sqrt(row["between_sd"] ** 2 + row["within_sd"] ** 2 / 6)
    random = np.random.default_rng(1)
    samples = random.normal(2.0, sd, (4000, int(row["subjects"])))
    power = (stats.ttest_1samp(samples, 0, axis=1).pvalue <= 0.05).mean()
    assert power == pytest.approx(0.8, abs=0.06) or row["subjects"] == 6


def test_sample_size_beyond_reach_is_missing(make_results):
    assert sample_size(make_results(), "miou", 1e-7)["subjects"].isna().all()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"half_width": 0}, "a half-width above 0, got 0"),
        ({"half_width": 0.02, "power": 0.8}, "a power together with a margin"),
        ({"half_width": 0.02, "power": 80, "margin": 0.01}, "between 0 and 1, got 80: write 0.8 for 80 %"),
        ({"half_width": 0.02, "power": 0.8, "margin": -1}, "a margin above 0, got -1"),
        ({"half_width": 0.02, "frames": (0,)}, "at least 1 frame per subject, got 0"),
        ({"half_width": 0.02, "metric": "iou"}, "a metric of the run, got 'iou'"),
    ],
)
def test_sample_size_rejects_bad_input(results, options, text):
    with pytest.raises(RobustEndoError, match=text):
        sample_size(results, options.pop("metric", "miou"), options.pop("half_width"), **options)


def test_sample_size_needs_two_subjects(make_results):
    with pytest.raises(RunError, match="Expected at least 2 subjects .* got 1"):
        sample_size(make_results(subjects=1), "miou", 0.02)


def test_sample_size_of_a_small_margin_is_large(make_results):
    results = make_results(frames=48, subjects=8)
    row = sample_size(results, "miou", 0.02, power=0.8, margin=0.002, frames=(6,)).iloc[-1]
    variance = row["between_sd"] ** 2 + row["within_sd"] ** 2 / 6
    approximate = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) ** 2 * variance / 0.2**2
    assert row["subjects"] == pytest.approx(approximate, rel=0.05, abs=3)


def test_sample_size_uses_both_tails_of_the_test(make_results):
    # Without an effect the power of a two-sided test at 5 % is 5 %, whatever the sample.
    results = make_results(frames=48, subjects=8)
    assert sample_size(results, "miou", 0.02, power=0.05, margin=1e-9, frames=(6,)).iloc[-1]["subjects"] == 6
    assert sample_size(results, "miou", 0.02, power=0.06, margin=1e-9, frames=(6,)).iloc[-1].isna()["subjects"]
