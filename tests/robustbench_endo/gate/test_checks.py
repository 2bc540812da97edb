"""Plans that do not fit the run or its baseline: one sentence each, and never a verdict."""

import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.gate import run_gate
from robustbench_endo.results import Results

BAD = {
    "unknown metric": ({"metric": "dise", "at_least": 0.5}, {}, "got 'dise': did you mean dice"),
    "unknown class": ({"metric": "dice[q]", "at_least": 0.5}, {}, "Expected a class of the run"),
    "metric of another task": ({"task": "activity", "at_least": 0.5}, {}, "Expected the task of dice (segmentation)"),
    "metric of the image": ({"metric": "image_ssim", "at_least": 0.5}, {}, "Expected a metric with a direction"),
    "percent": ({"at_least": 70}, {}, "between 0 and 1 in criterion 'c0', got 70: write 0.8 for 80 %"),
    "one": ({"at_least": 1}, {}, "no data show exactly 0 or 1"),
    "zero": ({"at_least": 0}, {}, "between 0 and 1"),
    "negative": ({"at_least": -0.5}, {}, "between 0 and 1"),
    "distance of zero": ({"metric": "hd95", "at_most": 0}, {}, "Expected a bound for hd95 above 0"),
    "at most": ({"at_most": 0.5}, {}, "Expected at_least for dice, where higher is better"),
    "at least": ({"metric": "hd95", "at_least": 5}, {}, "Expected at_most for hd95, where lower is better"),
    "margin": ({"non_inferior": 2}, {"baseline_model": "b"}, "Expected a margin for dice from 0 to below 1"),
    "no baseline": ({"non_inferior": 0.02}, {}, "Expected a baseline run for the margin of criterion 'c0', got none"),
    "model": ({"at_least": 0.5}, {"models": "c"}, "Expected the name of a model of the run, got 'c'"),
    "model of a criterion": ({"at_least": 0.5, "models": "c"}, {}, "Expected the name of a model of the run, got 'c'"),
    "no criterion": (
        {"at_least": 0.5, "models": "b"},
        {},
        "Expected a criterion for every tested model, got none for a",
    ),
    "baseline model": ({"non_inferior": 0.1}, {"baseline_model": "c"}, "Expected the name of a model of the baseline"),
    "itself": (
        {"non_inferior": 0.1},
        {"baseline_model": "a", "models": "a"},
        "Expected a model to compare with itself",
    ),
    "data": ({"at_least": 0.5}, {"run": {"data": "frames"}}, "Expected a run with the data 'frames'"),
    "fingerprint": ({"at_least": 0.5}, {"run": {"fingerprint": "78"}}, "the fingerprint '78', which the plan names"),
    "suite": ({"at_least": 0.5}, {"run": {"suite": "endoarss"}}, "the suite 'endoarss', which the plan names, got"),
    "seed": ({"at_least": 0.5}, {"run": {"seed": 1}}, "Expected a run with the seed 1"),
    "frames": ({"at_least": 0.5}, {"run": {"min_frames": 81}}, "Expected a run of at least 81 frames"),
}
CHANGED = {
    "seed": ({"seed": 1}, "seed is '0' in new and '1' in old"),
    "suite": ({"suite": {"name": "endo19", "hash": "1", "resolution": 512}}, "suite is '9f'"),
    "data": ({"data": {"fingerprint": "1"}}, "the ids are the same, but images"),
    "replicates": ({"replicates": 2}, "replicates is '1' in new and '2' in old"),
    "protocol": ({"protocol": "endoarss"}, "protocol is 'standard'"),
    "tasks": ({"tasks": {"segmentation": list("xyw"), "activity": list("pqr")}}, "tasks is"),
}


def sentence(*arguments, **settings):
    with pytest.raises(RobustEndoError) as caught:
        run_gate(*arguments, **settings)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.fixture(scope="module")
def run(run_of):
    return run_of(models=("a", "b"))


@pytest.mark.parametrize(("criterion", "settings", "message"), BAD.values(), ids=BAD)
def test_plans_that_do_not_fit_the_run_are_refused(criterion, settings, message, run, plan_of):
    assert message in sentence(run, plan_of(criterion, **settings))


@pytest.mark.parametrize(("change", "message"), CHANGED.values(), ids=CHANGED)
def test_baselines_of_other_images_are_refused(change, message, run_of, plan_of):
    new, old = (run_of(name=name) for name in ("new", "old"))
    text = sentence(new, plan_of({"non_inferior": 0.02}), Results(old.frame, {**old.info, **change}))
    assert text.startswith("Expected runs of the same images and protocol")
    assert message in text


def test_baselines_of_other_frames_or_conditions_are_refused(run_of, plan_of):
    new, old = (run_of(name=name) for name in ("new", "old"))
    plan = plan_of({"non_inferior": 0.02})
    fewer = Results(old.frame[old.frame["image_id"] != "OP00_img_000.png"], old.info)
    assert "got 1 that only one of the runs has" in sentence(new, plan, fewer)
    frame = new.frame.copy()
    frame.loc[frame["image_id"] == frame["image_id"].iloc[0], "image_checksum"] += 1
    other = Results(frame, {**new.info, "name": "old"})
    assert "another clean image in old than in new for 1 of 80 ids" in sentence(new, plan, other)
    other = run_of(corruptions=("contrast",), name="old")
    assert "got 'smoke'" in sentence(new, plan, other)
    assert "Expected severities of the run (1) in criterion 'c0', got 3" in sentence(
        new, plan, run_of(severities=(1,), name="old")
    )


def test_a_baseline_without_a_margin_is_refused(run_of, plan_of):
    assert "Expected a criterion with non_inferior" in sentence(run_of(), plan_of({"at_least": 0.5}), run_of())


def test_the_run_itself_is_no_baseline(run_of, plan_of):
    run = run_of()
    new, copy = (Results(run.frame, {**run.info, "checksum": "9f"}) for _ in range(2))
    for baseline in (new, copy):
        assert "Expected another run as the baseline" in sentence(new, plan_of({"non_inferior": 0.02}), baseline)
    itself = plan_of({"non_inferior": 0.02}, baseline_model=new.models[0], models=new.models[0])
    assert "Expected a model to compare with itself" in sentence(new, itself, copy)


def test_the_model_to_compare_with_must_be_known(run_of, plan_of):
    new, old = run_of(), run_of(models=("a", "b"), name="old")
    assert "name the one to compare with as baseline_model" in sentence(new, plan_of({"non_inferior": 0.02}), old)
    report = run_gate(new, plan_of({"non_inferior": 0.02}, baseline_model="b"), old)
    assert report.verdict == "pass"


def test_incomplete_records_are_refused(run_of, plan_of):
    run = run_of()
    assert "Expected" in sentence(Results(run.frame.iloc[:-1], run.info), plan_of({"at_least": 0.5}))


@pytest.mark.parametrize("value", [3, None, b"plan"])
def test_run_gate_refuses_other_types(value, run_of, plan_of):
    assert "Expected plan to be a Plan or the path of a TOML file" in sentence(run_of(), value)
    assert "Expected results to be a run or its folder" in sentence(value, plan_of({"at_least": 0.5}))
