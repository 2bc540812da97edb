"""`robust-endo submit`: a run that verifies becomes a submission that `leaderboard` lists, any other is refused."""

from __future__ import annotations

import json
import shutil

import pytest

import robustbench_endo as rb


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    out = tmp_path_factory.mktemp("submit") / "run"
    models = {name: rb.load_model(name, weights="pretrained") for name in ("tiny-resnet/mmoe", "tiny-resnet/dselect_k")}
    data = rb.load_dataset("synthetic@frames=2")
    rb.evaluate(models, data, "contrast", (3,), out, gallery_frames=1)
    return out


@pytest.fixture
def run(original, tmp_path):
    return shutil.copytree(original, tmp_path / "run")


def test_submission_is_listed_by_the_leaderboard(robust_endo, run, tmp_path):
    target = tmp_path / "subs" / "mine"
    options = ("--dataset", "org/data", "--training-data", "EndoVis", "--training-data", "tiny-resnet/mmoe=in-house")
    result = robust_endo("submit", run, "--out", target, "--replay", "0", *options)
    assert result.exit_code == 0, result.output
    assert "Nothing was computed again (--replay 0)." in result.stdout
    description = json.loads((target / "submission.json").read_text("utf-8"))
    assert description["training_data"] == {"tiny-resnet/mmoe": "in-house", "tiny-resnet/dselect_k": "EndoVis"}
    assert f"All {len(description['checks'])} checks passed." in result.stdout
    shutil.copytree(run, tmp_path / "subs" / "plain")
    board = robust_endo("leaderboard", tmp_path / "subs", "--out", tmp_path / "site")
    assert board.exit_code == 0, board.output
    assert "Not listed: plain: It is a run and no submission" in board.stderr
    assert "Listed 1 of 2 folders." in board.stderr
    assert "in-house" in (tmp_path / "site" / "index.html").read_text("utf-8")
    assert robust_endo("verify", target).exit_code == 0
    nothing = robust_endo("leaderboard", tmp_path / "subs" / "plain", "--out", tmp_path / "empty")
    assert nothing.exit_code == 2
    assert "Listed 0 of 1 folders." in nothing.stderr


def test_frames_and_predictions_are_computed_again(robust_endo, run, tmp_path):
    result = robust_endo("submit", run, "--out", tmp_path / "s", "--replay", "1", "--data", "synthetic@frames=2")
    assert result.exit_code == 0, result.output
    assert "Computed 1 corrupted frames again, and the predictions of tiny-resnet/mmoe" in result.stdout


def test_models_that_cannot_be_opened_are_stated(robust_endo, run, tmp_path):
    from robustbench_endo.results.integrity import read_run, write_run

    info = read_run(run)
    for entry in info["models"]:
        entry["spec"] = "nowhere/model"
    info["config"]["data"] = "nowhere/data"
    write_run(run, info)
    result = robust_endo("submit", run, "--out", tmp_path / "s", "--json")
    assert result.exit_code == 0, result.output
    written = json.loads(result.stdout)
    assert written["replay"]["frames"] == 0
    assert "nowhere" in written["replay"]["reason"]
    requested = robust_endo("submit", run, "--out", tmp_path / "other", "--data", "nowhere/data")
    assert requested.exit_code == 2
    assert not (tmp_path / "other").exists()


def test_run_that_does_not_verify_is_refused_with_reasons(robust_endo, run, tmp_path):
    (run / "summary.csv").write_text("model\n")
    result = robust_endo("submit", run, "--out", tmp_path / "s")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Refused {run}: every file has the checksum that run.json names does not hold:")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "s").exists()
    as_json = robust_endo("submit", run, "--out", tmp_path / "s", "--json")
    assert json.loads(as_json.stdout)["refused"][0]["problem"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--dataset", "org"), "Expected the repository as ORG/NAME, got 'org'"),
        (("--training-data", ""), "Expected --training-data to be a text of at most 200 characters, got ''"),
        (("--training-data", "x" * 201), "Expected --training-data to be a text"),
        (("--training-data", "tiny-resnet/mmoe=\t"), "Expected --training-data to be a text"),
        (("--replay", "-1"), "Expected --replay to be an integer from 0"),
        (("--replay", "x"), "Expected --replay to be an integer from 0"),
        (("--model", "other=x", "--replay", "1"), "Expected a model of the run in --model, got 'other'"),
    ],
)
def test_wrong_options_are_errors_of_one_sentence(robust_endo, run, tmp_path, options, message):
    result = robust_endo("submit", run, "--out", tmp_path / "s", *options)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {message}"), result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "s").exists()


def test_missing_run_and_full_folder_are_errors(robust_endo, run, tmp_path):
    assert "Expected a finished run in" in robust_endo("submit", tmp_path / "nowhere", "--out", tmp_path / "s").stderr
    refused = robust_endo("submit", run, "--out", run.parent, "--replay", "0")
    assert refused.exit_code == 2
    assert "Expected a new or empty folder for the submission" in refused.stderr
    assert "Missing option" in robust_endo("submit", run).stderr or "--out" in robust_endo("submit", run).stderr
