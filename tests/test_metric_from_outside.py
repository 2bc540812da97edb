"""A metric that a user declares in one file appears in every table, figure and report of a run."""

import importlib.util
import shutil
import subprocess

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import robustbench_endo as rb
from robustbench_endo.cli import main
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.reports.data.curves import severity_curves
from robustbench_endo.results import Resampling, compare, load_results

USER_FILE = '''
"""Metrics of our laboratory."""

import torch

from robustbench_endo.metrics import Metric


class ToolRecall(Metric):
    """A ratio of sums: the formula of every metric with two columns."""

    name, label, unit, higher_is_better = "tool_recall", "Tool recall", "%", True
    description = "Fraction of the tool pixels of all frames that are labelled as a tool."
    columns = ("tool_correct", "tool_pixels")

    def score(self, batch):
        tool = (batch.target == 1) | (batch.target == 2)
        return torch.stack([(tool & (batch.preds > 0)).sum((1, 2)), tool.sum((1, 2))], dim=1)


class MissedArea(Metric):
    """A formula of the user: its class is needed to read it from a run."""

    name, label, unit, scale, higher_is_better = "missed_area", "Missed tool area", "permille", 1000, False
    description = "Tool pixels labelled as background, relative to all pixels of all frames."
    columns = ("tool_missed", "all_pixels")

    def score(self, batch):
        tool = (batch.target == 1) | (batch.target == 2)
        everything = torch.full((len(tool),), tool[0].numel(), device=tool.device)
        return torch.stack([(tool & (batch.preds == 0)).sum((1, 2)), everything], dim=1)

    def formula(self, sums):
        missed, pixels = sums
        return missed / pixels
'''
NAMES = ("tool_recall", "missed_area")
LABELS = ("Tool recall", "Missed tool area")
SETTINGS = Resampling(resamples=300, unit="frame")


class Bright(torch.nn.Module):
    """Label bright pixels as tool."""

    def __init__(self, threshold):
        super().__init__()
        self.threshold = threshold

    def forward(self, images):
        light = images.mean(1, keepdim=True) - self.threshold
        return {"segmentation": torch.cat([-light, light, 0 * light - 1], 1)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("outside")


@pytest.fixture(scope="module")
def user_metrics(folder):
    """The classes of the user's file, which is not part of the package."""
    path = folder / "laboratory.py"
    path.write_text(USER_FILE)
    spec = importlib.util.spec_from_file_location("laboratory", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [module.ToolRecall, module.MissedArea]


@pytest.fixture(scope="module")
def dataset(folder):
    """Four frames with a bright instrument of label 1 and its tip of label 2."""
    random = np.random.default_rng(0)
    for number in range(4):
        image = random.integers(60, 140, (48, 64, 3)).astype(np.uint8)
        mask = np.zeros((48, 64), np.uint8)
        mask[8 + 4 * number : 20 + 4 * number, 4:32] = 1
        mask[8 + 4 * number : 20 + 4 * number, 32:40] = 2
        image[mask > 0] = random.integers(140, 255, (int((mask > 0).sum()), 1))
        for kind, pixels in (("image", image), ("mask", mask)):
            path = folder / "data" / "test" / "1" / kind / f"OP{number}_img_00.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    return rb.load_dataset("folder", root=folder / "data", subject_regex=r"(OP\d)")


@pytest.fixture(scope="module")
def results(folder, dataset, user_metrics):
    """A run of two models."""
    models = {"low": Bright(0.6), "high": Bright(0.7)}
    return rb.evaluate(models, dataset, "contrast, smoke", (1, 3), folder / "run", metrics=user_metrics)


def test_user_metric_in_parquet_file(results, folder):
    table = pq.read_table(folder / "run" / "results.parquet")
    for name in ("tool_correct", "tool_pixels", "tool_missed", "all_pixels"):
        assert table.schema.field(name).type == "float"
    assert set(table["tool_pixels"].to_pylist()) == {12.0 * 36}


def test_user_metric_in_scores_with_interval(results):
    scores = results.scores(SETTINGS)
    sums = results.frame.groupby(["model", "corruption", "severity"], sort=False)[
        ["tool_correct", "tool_pixels", "tool_missed", "all_pixels"]
    ].sum()
    np.testing.assert_allclose(scores["tool_recall"], 100 * sums["tool_correct"] / sums["tool_pixels"])
    np.testing.assert_allclose(scores["missed_area"], 1000 * sums["tool_missed"] / sums["all_pixels"])
    for name in NAMES:
        assert (scores[f"{name}_low"] <= scores[name]).all()
        assert (scores[f"{name}_high"] >= scores[name]).all()
        assert (scores[f"{name}_low"] < scores[f"{name}_high"]).any()


def test_user_metric_in_table_curves_and_figures(results):
    table, scores = results.table(NAMES), results.scores().set_index(["model", "corruption", "severity"]).sort_index()
    for name, label in zip(NAMES, LABELS, strict=True):
        expected = scores.loc[("low", "contrast"), name].mean()
        assert table.loc[("digital", "contrast"), (name, "low")] == pytest.approx(expected)
        curves = severity_curves(results, name, SETTINGS)
        assert curves.metric.label == label
        assert set(curves.lines) >= {"contrast", "smoke"}
        assert label in results.plot.severity(name, "contrast").axes[0].get_ylabel()


def test_user_metric_in_ranks_and_differences(results):
    comparison = compare(results, NAMES, resampling=SETTINGS)
    table = results.table(NAMES)
    for name, best in zip(NAMES, ("idxmax", "idxmin"), strict=True):
        ranks = comparison.ranks.query("metric == @name").set_index("model")["rank"]
        assert ranks.idxmin() == getattr(table.loc[("mean", "all"), name], best)()
    assert set(comparison.differences["metric"]) == set(NAMES)


def test_user_metric_in_corruption_error(results):
    summary, table = results.robustness(NAMES, baseline="high"), results.table(NAMES)
    corruptions = [("digital", "contrast"), ("occlusion", "smoke")]
    errors = 100 - table.loc[corruptions, "tool_recall"]
    assert summary.loc[("tool_recall", "mce"), "low"] == pytest.approx(100 * (errors["low"] / errors["high"]).mean())
    areas = table.loc[corruptions, "missed_area"]
    assert summary.loc[("missed_area", "mce"), "low"] == pytest.approx(100 * (areas["low"] / areas["high"]).mean())
    assert summary.loc[("tool_recall", "worst_frames"), "low"] <= summary.loc[("tool_recall", "mean"), "low"]
    assert summary.loc[("missed_area", "drop"), "high"] > 0


def test_user_metric_as_threshold(results):
    scores = results.scores(SETTINGS).query("corruption == 'contrast'").set_index(["model", "severity"])
    between = scores["tool_recall_low"]["low"].iloc[[0, 1]].mean() / 100
    envelope = results.envelope({"tool_recall": between}, SETTINGS)
    entry = envelope.query("model == 'low' and corruption == 'contrast'").iloc[0]
    assert (entry["severity"], entry["limit"]) == (1, "tool_recall")
    with pytest.raises(RobustEndoError, match="threshold for tool_recall between 0 and 1, got 80"):
        results.envelope({"tool_recall": 80})


@pytest.mark.slow
def test_user_metric_in_every_report(results, folder):
    rb.report(results, folder / "reports" / "report", ["html", "latex", "md", "csv", "pdf"])
    for suffix in (".html", ".tex", ".md"):
        text = (folder / "reports" / f"report{suffix}").read_text("utf-8")
        for label in LABELS:
            assert label in text, (suffix, label)
    assert "Fraction of the tool pixels of all frames" in (folder / "reports" / "report.html").read_text("utf-8")
    assert any("tool_recall" in path.read_text("utf-8") for path in (folder / "reports" / "tables").glob("*.csv"))
    if shutil.which("pdftotext") is None:
        pytest.skip("needs pdftotext")
    command = ["pdftotext", "-layout", folder / "reports" / "report.pdf", "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for label in LABELS:
        assert label in text


def test_user_metric_is_read_without_its_class(results, folder, user_metrics):
    loaded = load_results(folder / "run")
    np.testing.assert_array_equal(loaded.scores()["tool_recall"], results.scores()["tool_recall"])
    assert loaded.metric("tool_recall").description == results.metric("tool_recall").description
    assert "missed_area" not in loaded.scores()
    complete = load_results(folder / "run", metrics=user_metrics)
    np.testing.assert_array_equal(complete.scores()["missed_area"], results.scores()["missed_area"])


def test_user_metric_on_the_command_line(results, folder):
    options = ["report", str(folder / "run"), "--out", str(folder / "cli"), "--format", "md"]
    output = CliRunner().invoke(main, [*options, "--baseline", "high", "--threshold", "tool_recall=0.1"])
    assert output.exit_code == 0, output.output
    assert "Tool recall" in output.output
    assert "Tool recall" in (folder / "cli" / "report.md").read_text("utf-8")


def test_user_metric_with_taken_name_is_rejected(dataset, user_metrics):
    class Duplicate(user_metrics[0]):
        name, columns = "miou", ()

    with pytest.raises(RobustEndoError, match="a new name for a metric and its columns, got miou"):
        rb.evaluate({"low": Bright(0.6)}, dataset, "clean", metrics=[Duplicate])
