"""Several runs as one, and which runs may be compared."""

import pandas as pd
import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.results import Resampling, Results, combine_runs, compare
from robustbench_endo.results.combine import common_frames, comparison_key

SETTINGS = Resampling(resamples=500, unit="frame")


def changed(results, **info):
    return Results(results.frame, {**results.info, **info})


def test_merged_runs_equal_one_run(results, make_results):
    parts = [
        Results(
            results.frame[results.frame["model"] == name],
            {**results.info, "name": f"run-{name}", "models": [{"name": name}]},
        )
        for name in ("a", "b")
    ]
    single, combined = compare(results, resampling=SETTINGS), compare(parts, resampling=SETTINGS)
    pd.testing.assert_frame_equal(single.differences, combined.differences)
    twice = combine_runs([parts[0], changed(parts[0], name="again")])
    assert twice.models == ["run-a/a", "again/a"]
    assert set(twice.frame["model"]) == set(twice.models)
    fewer = make_results(corruptions=("contrast",), severities=(3, 5))
    assert combine_runs([results, changed(fewer, name="other")]).corruptions == ["contrast"]
    assert combine_runs([results, changed(fewer, name="other")]).severities == [3]


@pytest.mark.parametrize(
    ("info", "text"),
    [
        ({"protocol": "endoarss"}, "protocol is 'standard' in run0 and 'endoarss' in run0"),
        ({"suite": {"name": "own", "hash": "8a", "resolution": 512}}, "suite is '9f' in run0 and '8a' in run0"),
        ({"suite": {"name": "endo19", "hash": "9f", "resolution": 256}}, "resolution is '512' in run0 and '256'"),
        ({"seed": 1}, "seed is '0' in run0 and '1' in run0"),
        ({"data": {"fingerprint": "78"}}, "the ids are the same, but images, masks, subjects or the label map are not"),
        ({"tasks": {"segmentation": list("xyw"), "activity": list("pqr")}}, "tasks is"),
    ],
)
def test_runs_of_different_images_are_not_compared(results, info, text):
    with pytest.raises(RunError, match=text):
        compare([results, changed(results, **info)])


def test_merged_rejects_runs_without_common_conditions(results, make_results):
    with pytest.raises(RunError, match="at least one run to compare"):
        compare([])
    with pytest.raises(RunError, match="a corruption and a severity in common"):
        compare([results, make_results(corruptions=("saturate",))])


def test_runs_of_different_frames_name_what_differs(results):
    frame = results.frame[results.frame["image_id"] != results.frame["image_id"].iloc[0]]
    data = {"name": "surgery", "fingerprint": "78"}
    fewer = Results(frame, {**results.info, "data": data, "name": "b"})
    count = results.frame["image_id"].nunique()
    text = f"the data differ: {count} frames of .* and {count - 1} frames of surgery in b; 1 ids are only in .*, such"
    with pytest.raises(RunError, match=text):
        compare([results, fewer])


def test_comparison_key_is_equal_for_comparable_runs(results, make_results):
    assert comparison_key(results) == comparison_key(changed(results, name="other"))
    assert comparison_key(results) != comparison_key(changed(results, seed=1))
    assert comparison_key(results) != comparison_key(make_results(severities=(1,)))


def test_common_frames_counts_frame_conditions(results, invalidate):
    marked = (results.frame["model"] == "a") & results.frame["image_id"].str.endswith("003.png")
    common, n_excluded = common_frames(invalidate(results, marked))
    assert n_excluded == 5
    assert len(common.frame) == len(results.frame) - 10


def test_runs_of_other_images_with_the_same_fingerprint_are_not_compared(results):
    frame = results.frame.copy()
    name = frame["image_id"].min()
    frame.loc[(frame["corruption"] == "clean") & (frame["image_id"] == name), "image_checksum"] += 1
    text = f"another clean image in b than in run0 for 1 of 24 ids, such as {name}: evaluate"
    with pytest.raises(RunError, match=text):
        compare([results, changed(Results(frame, results.info), name="b")])
