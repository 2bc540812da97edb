from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_endo.corruptions import load_suite
from robustbench_endo.errors import DataError, ModelError, RunError
from robustbench_endo.evaluation import plan as work
from robustbench_endo.evaluation.run import run
from robustbench_endo.results import load_results
from robustbench_endo.results.schema import count_columns


def test_one_row_an_image_condition_and_model(make_request):
    request = make_request(frames=5)
    results = run(request)
    frame = results.frame
    assert len(frame) == 10 * (1 + 2 * 2) * 2
    assert not frame.duplicated(["model", "corruption", "severity", "image_id"]).any()
    assert list(frame["model"].unique()) == ["low", "high"]
    assert list(frame["image_id"][:10]) == list(request.dataset.ids)
    pixels = frame[count_columns(3)].to_numpy().reshape(len(frame), 3, 3)
    assert ((pixels[:, 0] + pixels[:, 2]).sum(1) == 48 * 64).all()
    assert results.info["finished"] is not None
    assert (request.out / "summary.csv").read_text().count("\n") == 1 + 2 * 5
    assert len(results.gallery()) == 2
    assert results.gallery()[0].prediction("high", "contrast", 5).shape == (48, 64)


def test_scores_follow_from_the_frames(make_request):
    results = run(make_request(frames=3))
    scores = results.scores().set_index(["model", "corruption", "severity"])
    clean = results.frame.query("model == 'low' and corruption == 'clean'")
    right = clean["activity_prediction"] == clean["activity_target"]
    assert scores.loc[("low", "clean", 0), "accuracy"] == pytest.approx(100 * right.mean())
    counts = clean[count_columns(3)].sum().to_numpy().reshape(3, 3)
    assert scores.loc[("low", "clean", 0), "dice"] == pytest.approx(
        100 * np.mean(2 * counts[0] / (2 * counts[0] + counts[1] + counts[2]))
    )
    assert scores.loc[("low", "clean", 0), "image_ssim"] == pytest.approx(100)


class KilledError(Exception):
    pass


def test_a_killed_run_resumes_to_the_same_bytes(make_request, tmp_path):
    whole = run(make_request(out=tmp_path / "whole"))
    calls = []

    def kill(done: int, total: int) -> None:
        calls.append(done)
        if done > total / 2:
            raise KilledError

    with pytest.raises(KilledError):
        run(make_request(out=tmp_path / "killed"), kill)
    kept = list((tmp_path / "killed" / "records").glob("*.parquet"))
    assert 0 < len(kept) < 10
    before = {path: path.stat().st_mtime_ns for path in kept}
    run(make_request(out=tmp_path / "killed"))
    assert before == {path: path.stat().st_mtime_ns for path in kept}
    assert (tmp_path / "killed/results.parquet").read_bytes() == (tmp_path / "whole/results.parquet").read_bytes()
    assert load_results(tmp_path / "killed").table().equals(whole.table())


def test_chunks_do_not_change_the_table(make_request, tmp_path, monkeypatch):
    run(make_request(out=tmp_path / "one"))
    monkeypatch.setattr(work, "chunked", lambda indices, device: [indices[:7], indices[7:]])
    run(make_request(out=tmp_path / "seven"))
    assert (tmp_path / "one/results.parquet").read_bytes() == (tmp_path / "seven/results.parquet").read_bytes()


def test_a_finished_run_is_not_run_again(make_request):
    request = make_request(frames=2, suite=load_suite("endoarss"))
    run(request)
    written = {path: path.stat().st_mtime_ns for path in (request.out / "records").iterdir()}
    run(request)
    assert written == {path: path.stat().st_mtime_ns for path in (request.out / "records").iterdir()}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"seed": 1}, "seed was 0, is 1"),
        ({"severities": (1, 4)}, r"severities was \[1, 5\], is \[1, 4\]"),
        ({"limit": 3}, "data was"),
    ],
)
def test_another_request_does_not_resume(make_request, change, text):
    request = make_request(frames=2)
    run(request)
    with pytest.raises(RunError, match=f"Expected to resume the run in .*{text}.*another --out"):
        run(replace(request, **change))


def test_other_weights_do_not_resume(make_request):
    request = make_request(frames=2)
    run(request)
    with torch.no_grad():
        request.models["low"].level += 0.1
    with pytest.raises(RunError, match="models was"):
        run(request)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_threads_do_not_change_the_bytes(make_request, tmp_path, workers):
    run(make_request(frames=3, out=tmp_path / "default"))
    run(make_request(frames=3, out=tmp_path / "other", workers=workers))
    assert (tmp_path / "other/results.parquet").read_bytes() == (tmp_path / "default/results.parquet").read_bytes()


def test_every_frame_is_decoded_once(make_request, monkeypatch):
    request = make_request(frames=3, gallery=0)
    read = []
    original = type(request.dataset).__getitem__
    monkeypatch.setattr(
        type(request.dataset), "__getitem__", lambda self, index: read.append(index) or original(self, index)
    )
    run(request)
    assert sorted(read) == list(range(6))


def test_an_unreadable_frame_is_listed_and_the_rest_stands(make_request):
    request = make_request(frames=3)
    broken = request.dataset.root / request.dataset.ids[1]
    broken.write_bytes(broken.read_bytes()[:500])
    results = run(request)
    assert [failure["id"] for failure in results.info["failures"]] == [request.dataset.ids[1]]
    assert "Expected a whole picture" in results.info["failures"][0]["reason"]
    assert results.frame["image_id"].nunique() == 5


def test_no_readable_frame_is_an_error(make_request):
    request = make_request(frames=1)
    for image_id in request.dataset.ids:
        (request.dataset.root / image_id).write_bytes(b"")
    with pytest.raises(DataError, match="Expected at least one readable frame, got none of 2"):
        run(request)


class Broken(nn.Module):
    def forward(self, images):
        logits = torch.zeros(len(images), 3, 8, 8)
        logits[:, 1] = torch.where(images.mean((1, 2, 3)) > 0.46, torch.nan, 1.0)[:, None, None]
        return {"segmentation": logits}


def test_nan_logits_are_reported_and_never_averaged(make_request):
    request = make_request(frames=4, models={"broken": Broken()}, corruptions=("brightness",))
    results = run(request)
    lost = results.info["failures"]
    assert lost
    assert "model broken gave NaN or infinite logits at" in lost[0]["reason"]
    assert results.frame["miou"].isna().sum() == len(lost)
    pixels = results.frame[count_columns(3)].to_numpy().sum(1)
    assert (pixels[results.frame["miou"].isna()] == 0).all()
    assert np.isnan(results.scores()["accuracy"]).all()


class Wrong(nn.Module):
    def forward(self, images):
        return {"masks": images}


def test_a_model_that_does_not_meet_the_contract(make_request):
    with pytest.raises(ModelError, match="Expected a dict with 'segmentation'.*got a dict with masks"):
        run(make_request(frames=1, models={"wrong": Wrong()}))
    with pytest.raises(ModelError, match="Expected at least one model"):
        run(make_request(frames=1, models={}, out=make_request().out.parent / "other"))
