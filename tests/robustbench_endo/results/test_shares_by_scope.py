"""Shares of frames with intervals by subject."""

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.results.resampling import jackknife_interval
from robustbench_endo.results.shares_by_scope import shares_by_scope

SCOPES = {"all": ["smoke", "blur", "clean"], "occlusion": ["smoke"], "other": ["not run"]}


def frames(subjects=6, number=10):
    random = np.random.default_rng(0)
    rows = [
        {"corruption": name, "severity": level, "subject_id": f"s{subject}", "share": 100.0 * (random.random() < 0.3)}
        for name, levels in (("clean", [0]), ("smoke", [1, 3]), ("blur", [1, 3]))
        for level in levels
        for subject in range(subjects)
        for _ in range(number + subject)
    ]
    return pd.DataFrame(rows)


def test_shares_are_means_of_corruptions_and_leave_subjects_out():
    table = frames()
    rows = shares_by_scope(table, ["share"], SCOPES, 0.95).set_index(["scope", "severity"])
    assert list(rows.index) == [("all", 0.0), ("all", 1.0), ("all", 3.0), ("occlusion", 1.0), ("occlusion", 3.0)]

    def mean(part):
        return part.groupby("corruption")["share"].mean().mean()

    at_one = table[table["severity"] == 1]
    names = sorted(set(table["subject_id"]))
    left_out = np.array([mean(at_one[at_one["subject_id"] != name]) for name in names])
    sizes = np.array([20.0 + 2 * number for number in range(6)])
    moved, without = ((6 * share / 100 + 0.375) / 6.75 for share in (np.array(mean(at_one)), left_out))
    low, high = (100 * (6.75 * end - 0.375) / 6 for end in jackknife_interval(moved, without, sizes, 0.95, 1))
    row = rows.loc[("all", 1.0)]
    np.testing.assert_allclose(row[["share", "share_low", "share_high"]], [mean(at_one), low, high], rtol=1e-12)


def test_shares_of_nothing_have_an_exact_upper_end():
    rows = shares_by_scope(frames().assign(share=0.0), ["share"], SCOPES, 0.95)
    assert (rows["share"] == 0).all()
    assert (rows["share_low"] == 0).all()
    np.testing.assert_allclose(rows["share_high"], 100 * (1 - 0.025 ** (1 / 6)))


def test_shares_of_one_subject_have_no_interval():
    rows = shares_by_scope(frames(subjects=1), ["share"], SCOPES, 0.95)
    assert rows["share"].notna().all()
    assert rows[["share_low", "share_high"]].isna().all(axis=None)


def test_shares_that_are_not_defined_are_left_out():
    table = frames()
    table["share"] = table["share"].where(table["subject_id"] != "s0")
    expected = shares_by_scope(table[table["subject_id"] != "s0"], ["share"], SCOPES, 0.9)
    pd.testing.assert_frame_equal(shares_by_scope(table, ["share"], SCOPES, 0.9), expected)
    assert shares_by_scope(table.assign(share=np.nan), ["share"], SCOPES, 0.9)["share"].isna().all()


@pytest.mark.parametrize("confidence", [0.8, 0.99])
def test_interval_widens_with_its_confidence(confidence):
    widths = [
        (rows["share_high"] - rows["share_low"]).to_numpy()
        for rows in (shares_by_scope(frames(), ["share"], SCOPES, level) for level in (confidence - 0.05, confidence))
    ]
    assert (widths[0] < widths[1]).all()


def test_upper_end_grows_with_the_subjects_that_have_a_case():
    table = pd.DataFrame({"corruption": "smoke", "severity": 1, "subject_id": [f"s{number}" for number in range(8)]})
    rows = [
        shares_by_scope(table.assign(share=[100.0] * cases + [0.0] * (8 - cases)), ["share"], SCOPES, 0.95).iloc[0]
        for cases in range(9)
    ]
    assert np.all(np.diff([row["share_high"] for row in rows[:8]]) >= 0)
    assert np.all(np.diff([row["share_low"] for row in rows[1:]]) >= 0)
    assert rows[1]["share_high"] < 65  # 52.7 by the exact binomial interval
