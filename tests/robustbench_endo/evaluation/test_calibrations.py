"""Runs with calibrated models: columns, identity, resumed, merged and replayed runs, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from robustbench_endo.confidence.calibration import Calibration
from robustbench_endo.confidence.fit import fit_calibration
from robustbench_endo.data import FolderDataset
from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.evaluation.calibrations import stored_calibrations
from robustbench_endo.evaluation.engines.ray_payload import serialize
from robustbench_endo.evaluation.engines.ray_worker import open_payload
from robustbench_endo.evaluation.merge_shards import merge
from robustbench_endo.evaluation.replay import replay
from robustbench_endo.evaluation.run import open_run
from robustbench_endo.results import load_results

COLUMNS = ["activity_set_covered", "activity_set_size", "segmentation_set_fnr", "segmentation_set_size"]


@pytest.fixture
def splits(make_folder):
    """Validation and test frames of the same two patients."""
    root = make_folder(frames=3, splits=("val", "test"))
    return {name: FolderDataset(root, split=name) for name in ("val", "test")}


@pytest.fixture
def calibrate(make_plan, splits, tmp_path):
    """Write the calibration of a model of :func:`make_plan`, with changes, and give its path."""

    def write(name="low", file="calibration.json", **changes):
        plan = make_plan(dataset=splits["val"], corruptions=("clean",))
        only = replace(plan, models={name: plan.models[name]})
        calibration = replace(fit_calibration(only, 0.4, "subject"), **changes)
        calibration.save(tmp_path / file)
        return str(tmp_path / file)

    return write


@pytest.fixture
def plan_with(make_plan, splits):
    """A plan for two models on the test frames with calibrations."""

    def make(*paths, **options):
        return make_plan(**{"dataset": splits["test"], "calibration": paths, **options})

    return make


def test_run_has_sets_of_calibrated_models_only(calibrate, plan_with, run):
    results = run(plan_with(calibrate("low")))
    frame = results.frame
    assert set(COLUMNS) <= set(frame)
    assert frame.loc[frame["model"] == "high", COLUMNS].isna().all(axis=None)
    sets = frame.loc[frame["model"] == "low", COLUMNS]
    assert sets.notna().all(axis=None)
    assert sets["activity_set_covered"].isin([0, 1]).all()
    assert sets["segmentation_set_fnr"].between(0, 1).all()
    assert {"segmentation_set_fnr", "activity_set_covered"} <= set(results.scores())
    assert load_results(results.path).scores().equals(results.scores())


def test_run_without_calibration_has_no_further_columns(plan_with, run):
    results = run(plan_with())
    assert not set(COLUMNS) & set(results.frame)
    assert "calibrations" not in results.info
    assert "calibrations" not in results.info["identity"]


def test_temperature_changes_confidence_but_no_label(calibrate, plan_with, run, tmp_path):
    fitted = Calibration.load(calibrate("low"))
    hot = replace(fitted.tasks["segmentation"], temperature=4.0)
    replace(fitted, tasks={**fitted.tasks, "segmentation": hot}).save(tmp_path / "hot.json")
    plain = run(plan_with(out=tmp_path / "plain")).frame
    scaled = run(plan_with(str(tmp_path / "hot.json"), out=tmp_path / "scaled")).frame
    low = (plain["model"] == "low").to_numpy()
    assert (scaled["segmentation_confidence"] < plain["segmentation_confidence"])[low].all()
    assert scaled[~low]["segmentation_confidence"].equals(plain[~low]["segmentation_confidence"])
    counts = [name for name in plain if name.startswith(("tp_", "fp_", "fn_"))]
    assert scaled[counts].equals(plain[counts])
    note = next(note for note in load_results(tmp_path / "scaled").info["notes"] if "temperatures" in note)
    assert "segmentation 4" in note


def test_identity_has_the_checksum_and_a_run_resumes_with_it_only(calibrate, plan_with, run):
    path = calibrate("low")
    results = run(plan_with(path))
    assert results.info["identity"]["calibrations"] == {"low": Calibration.load(path).sha256}
    assert run(plan_with(path)).frame.equals(results.frame)
    with pytest.raises(RunError, match="calibrations"):
        run(plan_with())
    with pytest.raises(RunError, match="calibrations"):
        run(plan_with(calibrate("low", alpha=0.45)))


def test_shards_with_calibration_are_merged(calibrate, plan_with, run, run_part, tmp_path):
    path = calibrate("low")
    for shard in ("1/2", "2/2"):
        run_part(plan_with(path, out=tmp_path / shard[0], shard=shard))
    merged = merge(tmp_path / "1", tmp_path / "2", out=tmp_path / "merged")
    assert merged.frame.equals(run(plan_with(path, out=tmp_path / "full")).frame)
    assert merged.info["calibrations"]["low"]["alpha"] == 0.4


def test_worker_of_a_cluster_has_the_calibrations(calibrate, plan_with, tmp_path):
    package = pytest.importorskip("ray", reason="the extra `ray` is not installed")
    path = calibrate("low")
    plan = plan_with(path)
    open_run(plan)
    payload = package.cloudpickle.loads(serialize(package, plan))
    (tmp_path / "calibration.json").unlink()  # a file of the driver's machine
    worker = open_payload(payload)
    assert worker.calibrations == plan.calibrations
    assert worker.schema == plan.schema


def test_replay_computes_the_same_sets(calibrate, plan_with, run, tmp_path):
    plan = plan_with(calibrate("low"))
    results = run(plan)
    (tmp_path / "calibration.json").unlink()
    assert stored_calibrations(results.info)["low"].tasks == plan.calibrations["low"].tasks
    assert all(check.passed for check in replay(results, plan.dataset, 4, dict(plan.models), seed=0))
    frame = results.frame.copy()
    frame.loc[frame["model"] == "low", "segmentation_set_fnr"] = 0.123
    checks = replay(replace(results, frame=frame), plan.dataset, 4, dict(plan.models), seed=0)
    assert "segmentation_set_fnr of low" in checks[-1].problem


def test_same_patients_in_other_frames_are_noted(calibrate, plan_with):
    notes = plan_with(calibrate("low")).notes
    assert any("was calibrated on other frames of 2 of these patients or sequences" in note for note in notes)


def test_frames_of_the_calibration_are_refused(calibrate, plan_with, splits):
    plan = plan_with(calibrate("low"), dataset=splits["val"])
    with pytest.raises(
        RobustEndoError, match=r"Expected other frames than those that low was calibrated on \(.*\), got 6"
    ):
        open_run(plan)


def test_calibration_of_another_model_is_refused(calibrate, plan_with, make_plan):
    path = calibrate("low")
    other = {"low": next(iter(make_plan().models.values()))}
    with torch.no_grad():
        other["low"].level += 0.01
    with pytest.raises(
        RobustEndoError, match=r"Expected the calibration of a model of the run \(low\), got .*other weights"
    ):
        plan_with(path, models=other)


def test_two_calibrations_of_one_model_are_refused(calibrate, plan_with):
    paths = calibrate("low"), calibrate("low", "second.json", alpha=0.45)
    with pytest.raises(RobustEndoError, match="Expected one calibration of low, got another one in .*second.json"):
        plan_with(*paths)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"resolution": "256", "region": "frame"}, "Expected the resolution of the calibration of low, 256, got 512"),
        (
            {"resolution": "512", "region": "content"},
            "Expected the region of the calibration of low, content, got frame",
        ),
    ],
)
def test_other_settings_are_refused(calibrate, plan_with, settings, text):
    path = calibrate("low", settings=settings)
    with pytest.raises(RobustEndoError, match=text):
        plan_with(path)


def test_other_labels_are_refused(calibrate, plan_with, make_folder):
    fitted = Calibration.load(calibrate("low"))
    tasks = {name: replace(task, labels=("a", "b")) for name, task in fitted.tasks.items()}
    with pytest.raises(RobustEndoError, match=r"Expected the activities of the calibration of low \(a, b\), got"):
        plan_with(calibrate("low", tasks=tasks))
    only = {"phase": fitted.tasks["activity"]}
    with pytest.raises(
        RobustEndoError, match="Expected a calibration of low for a task of the run .* got one for phase"
    ):
        plan_with(calibrate("low", tasks=only))


def test_calibration_with_adaptation_is_refused(calibrate, plan_with):
    with pytest.raises(RobustEndoError, match="Expected adaptation without a calibration, got both: an adapted"):
        plan_with(calibrate("low"), adapt="bn")


@pytest.mark.parametrize("value", [3, [None], {"a": 1}.items()])
def test_calibration_that_is_no_path_is_refused(value):
    from robustbench_endo.evaluation.call_options import check_options

    with pytest.raises(RobustEndoError, match="Expected calibration to be the path of a calibration.json"):
        check_options({"calibration": value})


def test_set_loss_of_all_frames_is_at_most_one(calibrate, plan_with, run):
    scores = run(plan_with(calibrate("low"))).scores()
    low = scores[scores["model"] == "low"]
    assert np.isfinite(low[COLUMNS].to_numpy(float)).all()
    assert low["segmentation_set_size"].between(0, 3).all()
