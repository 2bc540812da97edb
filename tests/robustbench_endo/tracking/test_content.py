"""What trackers receive of a run."""

from dataclasses import replace

import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.tracking.content import run_content, run_settings, tracked_metrics


def test_curves_are_the_scores_by_severity(logged_run):
    curves = {(each.metric, each.corruption, each.model): each.values for each in run_content(logged_run).curves}
    scores = logged_run.scores().set_index(["model", "corruption", "severity"])["miou"]
    keys = {0: ("clean", 0), 1: ("contrast", 1), 3: ("contrast", 3)}
    assert curves["miou", "contrast", "ours/b"] == {s: scores[("ours/b", *key)] for s, key in keys.items()}
    mean = (scores["ours/a", "contrast", 3] + scores["ours/a", "brightness", 3]) / 2
    assert curves["miou", "mean", "ours/a"][3] == pytest.approx(mean)
    assert 0 not in curves["image_psnr", "contrast", "ours/a"], "infinite on clean frames"


def test_summary_is_clean_and_mean_of_the_table(logged_run):
    summary, table = run_content(logged_run).summary, logged_run.table(("miou",))["miou"]
    assert summary["ours/a"]["clean/miou"] == table.loc[("clean", "clean"), "ours/a"]
    assert summary["ours/b"]["mean/miou"] == table.loc[("mean", "all"), "ours/b"]


def test_run_settings_say_what_was_evaluated(logged_run):
    settings = run_settings(logged_run.info)
    assert settings["severities"] == "1, 3"
    assert settings["corruptions"] == "brightness, contrast"
    assert (settings["seed"], settings["suite.name"], settings["data.frames"]) == (0, "endo19", 2)
    assert settings["checksum"] == logged_run.info["checksum"]
    assert all(isinstance(value, (str, int, float)) for value in settings.values())
    long = run_settings({"models": [{"name": "x" * 900}], "config": {"adapt": None, "spacing": (1, 2)}})
    assert long["models"] == "x" * 497 + "..."
    assert long["config.spacing"] == "1, 2"
    assert "config.adapt" not in long


def test_files_are_those_that_the_run_has(logged_run):
    assert [file.name for file in run_content(logged_run).files] == ["summary.csv", "results.parquet", "run.json"]
    assert run_content(replace(logged_run, path=None)).files == []


def test_tracked_metrics_leave_out_single_labels(logged_run):
    names = tracked_metrics(logged_run)
    assert {"miou", "hd95", "image_ssim"} <= set(names)
    assert not [name for name in names if "[" in name or name.endswith("_content")]
    assert [each.metric for each in run_content(logged_run, ["dice[tool]"]).curves][:1] == ["dice[tool]"]
    with pytest.raises(RobustEndoError, match="a metric of the run, got 'mio'"):
        run_content(logged_run, ["mio"])


def test_steps_of_severities_between_are_thousandths(logged_run):
    assert run_content(logged_run).step(3) == 3
    info = {**logged_run.info, "severities": [1, 2.4]}
    assert run_content(replace(logged_run, info=info)).step(2.4) == 2400


def test_clean_run_has_curves_of_clean(logged_run):
    clean = logged_run.frame[logged_run.frame["corruption"] == "clean"]
    content = run_content(replace(logged_run, frame=clean, info={**logged_run.info, "corruptions": []}))
    assert {each.corruption for each in content.curves} == {"clean"}
    assert set(content.summary["ours/a"]) >= {"clean/miou"}
