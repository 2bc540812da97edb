"""What commands print: results, shards, progress and timings."""

import json
from types import SimpleNamespace

import click
import pytest

from robustbench_endo.cli.output import (
    counted,
    print_profile,
    profiler_for,
    show_shard,
    write_reports,
)
from robustbench_endo.errors import OptionalDependencyError
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.evaluation.run import ShardResult
from robustbench_endo.evaluation.shard import Shard


@pytest.mark.parametrize(
    ("missing", "texts"),
    [
        ([1, 4], ["has 4 of the 6 chunks", "Missing here: shards 2/3.", "robust-endo merge FOLDER FOLDER"]),
        ([], ["has 6 of the 6 chunks", "All shards are done: robust-endo merge run"]),
    ],
)
def test_show_shard_names_the_next_step(capsys, missing, texts):
    show_shard(ShardResult(6, 2, missing), Shard(1, 3), "run")
    text = " ".join(capsys.readouterr().out.split())
    assert all(part in text for part in texts)


def test_print_profile_gives_each_phase_its_part(capsys):
    profiler = Profiler()
    profiler.add({"decode": 1.0, "forward": 2.0})
    print_profile(profiler)
    text = capsys.readouterr().out
    assert "forward" in text
    assert "idle" in text
    assert "times the forward passes" in text


def test_profiler_for_the_cpu_does_not_synchronize():
    with profiler_for("cpu").time("decode"):
        pass


def test_write_reports_without_typst_writes_the_others(monkeypatch, tmp_path, capsys):
    def missing(*args):
        raise OptionalDependencyError("Expected the package typst")

    monkeypatch.setattr("robustbench_endo.reports.write.write_reports", missing)
    monkeypatch.setattr("robustbench_endo.reproduction.published_numbers.published_for_run", lambda results: None)
    results = SimpleNamespace()
    paths = write_reports(results, tmp_path, ("pdf", "html"))
    assert [path.name for path in paths] == ["report.html"]
    assert "No PDF report: Expected the package typst" in capsys.readouterr().err


def test_show_results_lists_excluded_frames_with_exit_code_3(robust_endo, make_folder, tmp_path):
    root = make_folder(frames=2)
    broken = next(root.rglob("image/*.png"))
    broken.write_bytes(b"")
    command = ("evaluate", "--data", root, "--corruption", "clean", "--format", "none", "--out", tmp_path / "run")
    (tmp_path / "model.py").write_text(
        "import torch\n\n\ndef build(num_classes):\n"
        "    return lambda images: {'segmentation': torch.zeros(len(images), num_classes, 8, 8)}\n"
    )
    result = robust_endo(*command, "--model", f"{tmp_path / 'model.py'}:build")
    assert result.exit_code == 3, result.output
    assert "1 of 4 frames could not be used and are excluded" in result.stderr
    assert json.loads((tmp_path / "run" / "run.json").read_text())["failures"][0]["id"] in result.stderr


def test_counted_has_a_plural():
    assert counted(1, "image") == "1 image"
    assert counted(2, "image") == "2 images"
    assert isinstance(click.style(counted(0, "image")), str)
