"""The page on speed says what benchmarks/results says, and nothing else."""

import json
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS, RESULTS = ROOT / "docs", ROOT / "benchmarks" / "results"


@pytest.fixture
def page(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    import speed_page

    return speed_page


def test_the_page_shows_the_results_that_are_committed(page):
    text = page.PAGE.read_text("utf-8")
    assert text == page.written(text), "run `python docs/speed_page.py`"


def test_another_result_makes_another_page(page, tmp_path):
    kept = shutil.copytree(RESULTS, tmp_path / "results")
    found = json.loads((kept / "corruptions_cpu.json").read_text("utf-8"))
    found["geometric_mean"] = 123.4
    (kept / "corruptions_cpu.json").write_text(json.dumps(found), "utf-8")
    assert "123.4 times" in page.text(kept)


def test_what_was_not_measured_is_said(page, tmp_path):
    text = page.text(tmp_path)
    assert text.count("Not measured yet") == text.count("## ") > 8


def test_every_script_that_the_page_names_is_there(page, tmp_path):
    for line in page.text(tmp_path).splitlines():
        if line.startswith("Not measured"):
            assert (ROOT / line.split("python ")[1].strip("`.").removesuffix(".py")).with_suffix(".py").is_file()


def test_every_kind_of_result_is_shown(page, tmp_path):
    times = {"models": ["a"], "frames": 256, "passes": 4, "whole_s": 2.0, "forward_s": 1.0, "ratio": 2.0}
    usual = {"models": ["a"], "frames": 4, "conditions": 49, "corruptions": ["fog"], "ours_s": [1.0, 3.0]}
    series = {"models": 1, "short_side": 224, "frames": [25, 50, 400], "seconds": [1, 2, 16], "peak_mib": [9, 10, 11]}
    table7 = {"minutes": 3.0, "note": "scaled from 256 to 402 frames"}
    runs = [{"engine": "ray", "workers": w, "seconds": 8.0 / w, "starting_ray_s": 3.0} for w in (1, 2)]
    size, shape = {"size": [512, 640]}, {"frame": [1009, 1306]}
    results = {
        "evaluation_cpu": size
        | {"wanted": {"whole": 1.25, "usual": 10}, "forward_alone": {"a": times}}
        | {"usual_way": usual | {"usual_s": 30.0, "usual_phases_s": {"metrics": 30.0}, "ratio": 15.0}},
        "growth_cpu": {"corruptions": ["smoke"], "severities": [3]}
        | {"wanted": {"r2": 0.99, "memory_growth_percent": 5.0}}
        | {"series": [series | {"rounds": 5, "r2": 0.9991, "memory_growth_percent": 10.0}]},
        "ray_cpu": {"frames": 4, "conditions": 96, "models": ["a"]}
        | {"runs": [run | {"results_sha256": str(run["workers"])} for run in runs]},
        "table7_cpu": shape
        | {"measured": times | {"around_s": 0.6, "phases_s": {"corrupt": 1.0}}, "forward_ms": {"a": 7.0}}
        | {"extrapolated": {"note": "extrapolated from 2 of 402 frames", "whole_h": 12.0, "forward_h": 11.0}},
        "evaluation_gpu_a": shape
        | {"device": "A GPU", "precision": "bf16", "batch": 32, "shared": times | {"peak_mib": 1024, "table7": table7}}
        | {"wanted": {"alone": 1.35, "shared": 1.2, "minutes": 5.0}},
    }
    about = {"date": "2026-01-01", "platform": "Linux", "python": "3.11", "versions": {"torch": "2"}, "cores": 2}
    for name, found in results.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(about | found), "utf-8")
    text = page.text(tmp_path)
    for shown in (
        "| `a` | 256 | 4 | 2.0 | 1.0 | **2.00** |",
        "| the usual way (metrics 30 s) | 30.0 |",
        "Times as fast: **15.0**",
        "| 1 model, 224 px | 1.0 | 2.0 | 16.0 | 0.9991 |",
        "| 1 model, 224 px | 9 | 10 | 11 | +10.0 % |",
        "`results.parquet` **differs**",
        "| ray | 2 | 4.0 | 3.0 |",
        "**12.0 hours**, extrapolated from 2 of 402 frames; the forward passes alone would take 11.0 hours.",
        "| corrupt | 250.0 |",
        "| `a` | 256 | 2.0 | 1.0 | **2.00** | 1.0 | 3.0 (scaled from 256 to 402 frames) |",
        "*A GPU, 2 CPU cores, Linux, Python 3.11, torch 2; 2026-01-01.*",
    ):
        assert shown in text, shown


def test_what_the_noise_hides_is_not_said_to_be_faster(page):
    found = json.loads((RESULTS / "table7_cpu.json").read_text("utf-8"))
    found["extrapolated"] |= {"whole_h": 9.9, "forward_h": 10.0}
    assert "alone would take as long" in " ".join(page.table7_cpu(found))
