"""What a run says of itself in a Python session."""

import pandas as pd
import pytest

from robustbench_endo.results import Results


def test_repr_names_models_data_conditions_and_scores(results):
    text = repr(results)
    assert "a, b on 24 frames of 12 subjects: clean and smoke, contrast at severity 1, 3." in text
    table = results.table(("miou",))["miou"]
    means = {model: [table.loc[row, model] for row in (("clean", "clean"), ("mean", "all"))] for model in "ab"}
    values = ", ".join(f"{model} {clean:.1f} -> {mean:.1f}" for model, (clean, mean) in means.items())
    assert f"mIoU (clean -> mean of corruptions, %): {values}." in text
    assert ".to_csv(path)" in text
    assert str(results) == text
    assert "\n" not in text


def test_repr_names_frames_that_failed(results):
    failures = [{"id": "a.png", "reason": "Cannot decode the image."}, {"id": "a.png", "reason": "x"}]
    text = repr(Results(results.frame, {**results.info, "failures": failures}))
    assert " 1 frame could not be read or scored (a.png: Cannot decode the image), see .info['failures']. " in text


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"corruption": [1]})])
def test_repr_of_damaged_records_does_not_fail(results, frame):
    damaged = Results(frame, {**results.info, "models": 3})
    assert repr(damaged) == "Results(path=None)"
    assert damaged._repr_html_() == "<p>Results(path=None)</p>"


def test_repr_of_many_models_is_short(make_results):
    text = repr(make_results(frames=3, models=tuple(f"model{i:02d}" for i in range(9)), corruptions=("smoke",)))
    assert "model05 and 3 more on 3 frames" in text
    assert "and 4 more. Next" in text
    assert len(text) < 700
