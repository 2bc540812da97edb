"""The command that measures everything on a GPU, with tiny inputs on the CPU, and the pages that show its result."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from docs_pages import DOCS, ROOT

BENCHMARKS = ROOT / "benchmarks"
PARTS = ("device", "corruptions", "metrics", "evaluation", "training", "inference", "agreement", "kernels", "compiled")
JUNIT = """<testsuites><testsuite name="pytest">
<testcase classname="tests.a" name="test_one"/>
<testcase classname="tests.a" name="test_two"><failure message="assert 1 == 2">trace</failure></testcase>
<testcase classname="tests.b" name="test_three"><skipped message="no onnx"/></testcase>
<testcase classname="tests.b" name="test_four"><error message="no device"/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def gpu_all(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import gpu_all

    return gpu_all


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the result of all parts but the tests."""
    out = tmp_path_factory.mktemp("gpu")
    command = [sys.executable, BENCHMARKS / "gpu_all.py", "--device", "cpu", "--quick", "--out", out]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        [*command, "--parts", ",".join(PARTS)], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1, run.stderr  # the CPU is too slow
    assert "MISSED  Triton works on the GPU" in run.stdout
    return out


@pytest.mark.slow
def test_gpu_all_measures_every_part(measured: Path, gpu_all: ModuleType) -> None:
    result = json.loads((measured / "gpu_measured.json").read_text("utf-8"))
    assert {name: part["error"] for name, part in result["parts"].items() if "error" in part} == {}
    assert {item.name for item in gpu_all.PARTS} == {*PARTS, "tests"} == {*result["parts"], "tests"}
    targets = {row["name"]: row for row in result["targets"]}
    absent = {name for name, row in targets.items() if row["value"] is None}
    assert absent == {
        "tests marked gpu that fail",
        "tests marked gpu that pass",
        "EndoARSS at batch 1, MiB",  # memory is measured on CUDA only
        "training of EndoARSS at batch 16, MiB",
    }
    assert targets["agreement with the CPU, % of values"]["met"]
    # The path of a GPU was taken, whose noise comes in many operations of torch.
    assert result["parts"]["corruptions"]["rows"]["shot_noise"]["3"]["launches"] > 50
    assert "corruptions.kernels.rng.poisson" in result["parts"]["kernels"]["rows"]
    assert result["parts"]["evaluation"]["stages_alone"]["ms"]["forward"] > 0


@pytest.mark.slow
def test_speed_page_shows_what_was_measured_on_a_gpu(
    measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(DOCS))
    import speed_page

    page = (measured / "gpu_measured.md").read_text("utf-8")
    (tmp_path / "gpu_measured_cpu.json").write_text((measured / "gpu_measured.json").read_text("utf-8"), "utf-8")
    text = speed_page.text(tmp_path)
    for shared in (page, text):
        assert "the numbers mean nothing" in shared
        assert re.search(r"\| evaluation / forward passes, one model \| <= 1.35 \| [\d.]+ \| \*\*missed\*\* \|", shared)
        assert re.search(r"\| shot noise \| 3 \| [\d.,]+ \| [\d.,]+ \| \d+ \| 0 \| 0 \|", shared)
        assert "| training of EndoARSS at batch 16, MiB | <= 6144 | – | not measured |" in shared
    assert "`benchmarks/gpu_all.py`, `benchmarks/results/gpu_measured_cpu.json`" in text
    assert "python benchmarks/gpu_all.py" not in text


def test_gpu_all_stops_a_part_and_keeps_the_others(gpu_all: ModuleType, tmp_path: Path) -> None:
    options = argparse.Namespace(out=tmp_path, device="cpu", quick=False, parts="", part="")
    stopped = gpu_all._in_a_process(gpu_all.PARTS[0], options, 1)
    assert stopped.startswith("Stopped after")
    part = {"error": stopped, "seconds": 1}
    late = gpu_all.run_part(gpu_all.PARTS[1], options, start=gpu_all.time.monotonic() - gpu_all.SECONDS)
    assert late["error"] == "Not started: no time was left."
    gpu_all.write({"device": part, "corruptions": late}, tmp_path)
    page = (tmp_path / "gpu_measured.md").read_text("utf-8")
    assert "Not complete: Not started: no time was left." in page
    assert page.count("not measured") == len(json.loads((tmp_path / "gpu_measured.json").read_text("utf-8"))["targets"])


def test_summary_of_tests_counts_outcomes(gpu_all: ModuleType) -> None:
    from measured_tests import summary

    assert summary(JUNIT) == {
        "passed": 1,
        "failed": {"tests.a::test_two": "assert 1 == 2", "tests.b::test_four": "no device"},
        "skipped": {"no onnx": 1},
    }


def test_targets_are_met_at_their_limit_only(gpu_all: ModuleType) -> None:
    from gpu_targets import TABLE7_TARGET, rows

    def met(result: dict[str, Any]) -> bool:
        (row,) = rows(result, [TABLE7_TARGET])
        return bool(row["met"])

    assert met({"table7": {"minutes": 5.0}})
    assert not met({"table7": {"minutes": 5.01}})
    assert not met({})
    by_name = {
        row["name"]: row["met"] for row in rows({"corruptions": {"frames_per_s": 5000, "least_frames_per_s": 1999}})
    }
    assert by_name["corruptions, frames/s in all"]
    assert not by_name["slowest corruption, frames/s"]


@pytest.mark.docs
def test_readme_says_whether_a_gpu_was_used() -> None:
    was_measured = any((BENCHMARKS / "results").glob("gpu_measured*.json"))
    says_not = "Not measured on a GPU yet" in (ROOT / "README.md").read_text("utf-8")
    assert says_not != was_measured, "README.md states the opposite of benchmarks/results"
