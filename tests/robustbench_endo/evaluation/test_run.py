"""Complete runs: records, scores, resuming, failures and stored images."""

import numpy as np
import pytest
import torch
from torch import nn

import robustbench_endo as rb
from robustbench_endo.errors import DataError, ModelError, RobustEndoError, RunError
from robustbench_endo.evaluation import plan as plan_module
from robustbench_endo.evaluation.loop import evaluate_chunks
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.evaluation.run import run_plan
from robustbench_endo.results import load_results
from robustbench_endo.tasks.segmentation.metrics import count_columns


def test_run_plan_gives_one_row_per_frame_condition_and_model(make_plan, run):
    plan = make_plan(frames=5)
    results = run(plan)
    frame = results.frame
    assert len(frame) == 10 * (1 + 2 * 2) * 2
    assert not frame.duplicated(["model", "corruption", "severity", "image_id"]).any()
    assert list(frame["model"].unique()) == ["low", "high"]
    assert list(frame["image_id"][:10]) == list(plan.dataset.ids)
    pixels = frame[count_columns(3)].to_numpy().reshape(len(frame), 3, 3)
    assert ((pixels[:, 0] + pixels[:, 2]).sum(1) == 48 * 64).all()
    assert results.info["finished"] is not None
    assert (plan.config.out / "summary.csv").read_text().count("\n") == 1 + 2 * 5
    assert len(results.gallery()) == 2
    assert results.gallery()[0].prediction("high", "contrast", 5).shape == (48, 64)


def test_run_plan_scores_follow_from_the_records(make_plan, run):
    results = run(make_plan(frames=3))
    scores = results.scores().set_index(["model", "corruption", "severity"])
    clean = results.frame.query("model == 'low' and corruption == 'clean'")
    correct = clean["activity_prediction"] == clean["activity_target"]
    assert scores.loc[("low", "clean", 0), "accuracy"] == pytest.approx(100 * correct.mean())
    counts = clean[count_columns(3)].sum().to_numpy().reshape(3, 3)
    assert scores.loc[("low", "clean", 0), "dice"] == pytest.approx(
        100 * np.mean(2 * counts[0] / (2 * counts[0] + counts[1] + counts[2]))
    )
    assert scores.loc[("low", "clean", 0), "image_ssim"] == pytest.approx(100)


class KilledError(Exception):
    pass


def test_run_plan_resumes_a_killed_run_to_the_same_bytes(make_plan, run, tmp_path):
    full = run(make_plan(out=tmp_path / "full"))
    calls = []

    def kill(done: int, total: int) -> None:
        calls.append(done)
        if done > total / 2:
            raise KilledError

    with pytest.raises(KilledError):
        run(make_plan(out=tmp_path / "killed"), kill)
    written = list((tmp_path / "killed" / "records").glob("*.parquet"))
    assert 0 < len(written) < 10
    before = {path: path.stat().st_mtime_ns for path in written}
    run(make_plan(out=tmp_path / "killed"))
    assert before == {path: path.stat().st_mtime_ns for path in written}
    assert (tmp_path / "killed/results.parquet").read_bytes() == (tmp_path / "full/results.parquet").read_bytes()
    assert load_results(tmp_path / "killed").table().equals(full.table())


def test_run_plan_gives_the_same_bytes_for_any_chunks(make_plan, run, tmp_path):
    run(make_plan(out=tmp_path / "one"))
    run(make_plan(out=tmp_path / "seven", chunks=[range(7), range(7, 10)]))
    assert (tmp_path / "one/results.parquet").read_bytes() == (tmp_path / "seven/results.parquet").read_bytes()


def test_run_plan_does_not_repeat_a_finished_run(make_plan, run):
    plan = make_plan(frames=2, suite="endoarss")
    run(plan)
    written = {path: path.stat().st_mtime_ns for path in (plan.config.out / "records").iterdir()}
    run(plan)
    assert written == {path: path.stat().st_mtime_ns for path in (plan.config.out / "records").iterdir()}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"seed": 1}, "seed changed from 0 to 1"),
        ({"severities": (1, 4)}, r"severities changed from \[1, 5\] to \[1, 4\]"),
        ({"limit": 3}, "data changed"),
    ],
)
def test_run_plan_does_not_resume_another_run(make_plan, run, change, text):
    run(make_plan(frames=2))
    with pytest.raises(RunError, match=f"Cannot resume .*{text}.*Use a new --out"):
        run(make_plan(frames=2, **change))


def test_run_plan_does_not_resume_with_other_weights(make_plan, run):
    plan = make_plan(frames=2)
    run(plan)
    with torch.no_grad():
        plan.models["low"].level += 0.1
    with pytest.raises(RunError, match="models, low changed"):
        run(plan)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_run_plan_gives_the_same_bytes_for_any_number_of_threads(make_plan, run, tmp_path, workers):
    run(make_plan(frames=3, out=tmp_path / "default"))
    run(make_plan(frames=3, out=tmp_path / "other", workers=workers))
    assert (tmp_path / "other/results.parquet").read_bytes() == (tmp_path / "default/results.parquet").read_bytes()


def test_run_plan_decodes_every_frame_once(make_plan, run, monkeypatch):
    plan = make_plan(frames=3, gallery_frames=0)
    read = []
    original = type(plan.dataset).__getitem__
    monkeypatch.setattr(
        type(plan.dataset), "__getitem__", lambda self, index: read.append(index) or original(self, index)
    )
    run(plan)
    assert sorted(read) == list(range(6))


def test_run_plan_lists_an_unreadable_frame_and_scores_the_others(make_plan, run):
    plan = make_plan(frames=3)
    broken = plan.dataset.entries[1].image
    broken.write_bytes(broken.read_bytes()[:500])
    results = run(plan)
    assert [failure["id"] for failure in results.info["failures"]] == [plan.dataset.ids[1]]
    assert "Cannot decode the image" in results.info["failures"][0]["reason"]
    assert results.frame["image_id"].nunique() == 5


def test_run_plan_without_a_readable_frame_raises(make_plan, run):
    plan = make_plan(frames=1)
    for entry in plan.dataset.entries:
        entry.image.write_bytes(b"")
    with pytest.raises(DataError, match="Expected at least one readable frame, got none of 2"):
        run(plan)


class Broken(nn.Module):
    def forward(self, images):
        logits = torch.zeros(len(images), 3, 8, 8)
        logits[:, 1] = torch.where(images.mean((1, 2, 3)) > 0.46, torch.nan, 1.0)[:, None, None]
        return {"segmentation": logits}


def test_run_plan_reports_nan_logits_and_never_averages_them(make_plan, run):
    results = run(make_plan(frames=4, models={"broken": Broken()}, corruptions=("brightness",)))
    failures = results.info["failures"]
    assert failures
    assert "model broken gave a NaN or infinite output at" in failures[0]["reason"]
    undefined = results.frame["iou_mean"].isna()
    assert undefined.sum() == len(failures)
    assert (results.frame[count_columns(3)].to_numpy().sum(1)[undefined] == 0).all()
    assert np.isnan(results.scores()["accuracy"]).all()


class Wrong(nn.Module):
    def forward(self, images):
        return {"masks": images}


def test_run_plan_rejects_a_model_without_a_task(make_plan, run):
    with pytest.raises(ModelError, match="Expected a dict with 'segmentation'.*got a dict with masks"):
        run(make_plan(frames=1, models={"wrong": Wrong()}))
    with pytest.raises(ModelError, match="Expected at least one model"):
        make_plan(frames=1, models={})


@pytest.mark.slow
def test_run_plan_of_the_endoarss_protocol_adds_columns(make_plan, run, tmp_path):
    standard = run(make_plan(frames=2, suite="endoarss"))
    endoarss = run(make_plan(frames=2, protocol="endoarss", resolution=(256, 256), out=tmp_path / "endoarss"))
    assert endoarss.info["protocol"] == "endoarss"
    assert set(endoarss.frame.columns) - set(standard.frame.columns) == {"endoarss_hd", "endoarss_ssim"}
    assert endoarss.frame[standard.frame.columns].equals(standard.frame)
    assert endoarss.frame["endoarss_hd"].notna().all()
    with pytest.raises(RunError, match='protocol changed from "standard" to "endoarss"'):
        run(make_plan(frames=2, protocol="endoarss"))


def test_evaluate_warns_of_frames_that_failed(make_plan, caplog):
    plan = make_plan(frames=1)
    plan.dataset.entries[0].image.write_bytes(b"")
    rb.evaluate(plan.models, plan.dataset, "contrast", 5)
    assert "1 frame could not be read or scored (" in caplog.text


def test_evaluate_without_a_folder_has_no_name_of_a_temporary_one(make_plan):
    plan = make_plan(frames=1)
    results = rb.evaluate(plan.models, plan.dataset, "contrast", 5)
    assert (results.path, results.info["name"]) == (None, "evaluation")


def test_evaluate_takes_the_suite_of_the_protocol(make_plan):
    plan = make_plan(frames=1)
    results = rb.evaluate(plan.models, plan.dataset, "contrast", (1,), protocol="endoarss", limit=1)
    assert (results.protocol, results.info["suite"]["name"]) == ("endoarss", "endoarss")
    assert tuple(results.info["suite"]["resolution"]) == (256, 256)
    assert "endoarss_hd" in results.frame
    with pytest.raises(RobustEndoError, match="got suite imagenet-c"):
        rb.evaluate(plan.models, plan.dataset, "contrast", (1,), protocol="endoarss", suite="imagenet-c")


def test_run_plan_reports_every_step(make_plan, run):
    steps = []
    plan = make_plan(frames=2)
    run(plan, lambda done, total: steps.append((done, total)))
    assert steps[0] == (0, 4 * 5)
    assert steps[-1] == (20, 20)
    assert steps == sorted(steps)
    assert plan_module.MAX_CHUNK == 4


def test_run_plan_names_conditions_and_what_it_resumes(make_plan, tmp_path, caplog):
    caplog.set_level("DEBUG", "robustbench_endo")
    steps, plan = [], make_plan(frames=2, out=tmp_path / "run")
    run_plan(plan, lambda *step: steps.append(step), Profiler(), evaluate_chunks)
    conditions = [detail for _, _, detail in steps]
    assert conditions[0] == ""
    assert set(conditions[1:]) == {str(condition) for condition in plan.conditions}
    assert "Resuming" not in caplog.text
    assert "Chunk 0 is written" in caplog.text
    next((tmp_path / "run" / "records").glob("*.parquet")).unlink()
    for text in (f"Resuming: 3 of 4 chunks found in {tmp_path / 'run'}.", "all 4 chunks are there"):
        caplog.clear()
        run_plan(make_plan(frames=2, out=tmp_path / "run"), lambda *step: None, Profiler(), evaluate_chunks)
        assert text in caplog.text


def test_run_plan_states_its_tolerance_and_resumes_no_other(make_plan, run, tmp_path):
    out = tmp_path / "tolerance"
    results = run(make_plan(frames=2, out=out, nsd_tolerance=("4mm",), spacing=2.0))
    assert results.info["metric_settings"]["nsd_tolerance"]["background"] == "4 mm"
    assert load_results(out).metric("nsd").label == "Surface Dice within 4 mm (2 px)"
    default = run(make_plan(frames=2, out=tmp_path / "default"))
    np.testing.assert_array_equal(results.frame["nsd"], default.frame["nsd"])  # 2 px: the frames are not resized
    wider = run(make_plan(frames=2, out=tmp_path / "wider", nsd_tolerance=("20px",)))
    assert (wider.frame["nsd"].dropna() >= default.frame["nsd"].dropna()).all()
    assert not wider.frame["nsd"].equals(default.frame["nsd"])
    with pytest.raises(RunError, match="metric_settings"):
        run(make_plan(frames=2, out=out))


class Background(nn.Module):
    """Labels every pixel as background, with full confidence."""

    input_size = None

    def forward(self, images):
        background = torch.full_like(images[:, :1], 20)
        return {"segmentation": torch.cat((background, -background, -background), 1)}


def test_floors_equal_the_scores_of_a_background_model_moved_masks_included(make_plan, run):
    plan = make_plan(frames=3, models={"background": Background()}, corruptions=("elastic_transform", "contrast"))
    results = run(plan)
    keys = ["corruption", "severity"]
    scores = results.scores().set_index(keys)
    floors = results.floors().query("floor == 'background everywhere'").set_index(keys).loc[scores.index]
    for name in ("miou", "dice", "miou_per_image", "hd", "hd95", "assd", "hd_diagonal", "nsd", "missed_rate"):
        np.testing.assert_allclose(floors[name], scores[name], rtol=1e-6, err_msg=name)
        assert scores[name].notna().all()
    assert scores.loc["elastic_transform", "miou"].nunique() > 1  # the masks moved
    assert np.isnan(results.failures()["segmentation_silent"].to_numpy()).all()  # its confidence is constant
