"""What is resampled, and that it is said."""

import numpy as np
import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.results import Bootstrap
from robustbench_endo.results.bootstrap import MIN_SUBJECTS


def test_groups_where_there_are_enough(make_results):
    units = make_results(subjects=MIN_SUBJECTS).resampling()
    assert (units.kind, units.number, units.warning) == ("subject", MIN_SUBJECTS, "")
    assert units.statement == "95 % intervals from 10,000 resamples of 10 subjects (patients or sequences, 24 frames)."


def test_frames_where_groups_are_few_with_a_warning(make_results):
    units = make_results(subjects=MIN_SUBJECTS - 1).resampling()
    assert (units.kind, units.number) == ("frame", 24)
    assert units.statement == "95 % intervals from 10,000 resamples of 24 single frames."
    assert "because fewer than 10 subjects are too few: the run has 24 frames of 9 subjects" in units.warning


def test_groups_on_demand_are_warned_of(make_results):
    units = make_results(subjects=3).resampling(Bootstrap(unit="subject"))
    assert (units.kind, units.number) == ("subject", 3)
    assert units.warning.startswith("Only 3 subjects: the intervals are too narrow")


def test_frames_that_are_their_own_groups_need_no_warning(make_results):
    units = make_results(frames=8, subjects=8).resampling()
    assert (units.kind, units.warning) == ("frame", "")


def test_one_group_or_one_frame_has_no_interval(make_results):
    for results, settings in ((make_results(subjects=1), Bootstrap(unit="subject")), (make_results(frames=1), True)):
        table = results.table(("miou",), settings)
        assert table.xs("value", axis=1, level="part").notna().all(axis=None)
        assert table.xs("low", axis=1, level="part").isna().all(axis=None)


def test_weights_are_draws_with_replacement(results):
    settings = Bootstrap(resamples=5000)
    weights = results.resampling(settings).weights(settings)
    assert weights.shape == (5000, 12)
    assert (weights.sum(1) == 12).all()
    np.testing.assert_allclose(weights.mean(0), 1, atol=0.06)
    np.testing.assert_allclose(weights.var(0), 1 - 1 / 12, atol=0.08)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"resamples": 10}, "at least 200 resamples, got 10"),
        ({"level": 95}, "from 0.5 to below 1, got 95: write 0.95 for 95 %"),
        ({"level": 1.0}, "from 0.5 to below 1"),
        ({"seed": -1}, "a seed of at least 0, got -1"),
        ({"unit": "patient"}, "auto, subject or frame as the unit of resampling, got 'patient'"),
    ],
)
def test_settings_outside_their_range(change, text):
    with pytest.raises(RobustEndoError, match=text):
        Bootstrap(**change)
