"""The page on speed agrees with benchmarks/results."""

import json
import shutil

import pytest
from docs_pages import DOCS, ROOT

RESULTS = ROOT / "benchmarks" / "results"

pytestmark = pytest.mark.docs


@pytest.fixture
def page(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    import speed_page

    return speed_page


def test_speed_page_shows_the_committed_results(page):
    text = page.PAGE.read_text("utf-8")
    assert text == page.updated_page(text), "run `python docs/speed_page.py`"


def test_speed_page_changes_with_a_result(page, tmp_path):
    results = shutil.copytree(RESULTS, tmp_path / "results")
    content = json.loads((results / "corruptions_cpu.json").read_text("utf-8"))
    content["sizes"]["512 x 512"]["geometric_mean"]["scaled"] = 123.4
    (results / "corruptions_cpu.json").write_text(json.dumps(content), "utf-8")
    assert "123.4 times" in page.text(results)


def test_speed_page_states_what_was_not_measured(page, tmp_path):
    text = page.text(tmp_path)
    assert text.count("Not measured") == text.count("## ") > 8
    assert text.count("Not measured on a GPU yet") >= 2


def test_speed_page_scripts_exist(page, tmp_path):
    for line in page.text(tmp_path).splitlines():
        if line.startswith("Not measured"):
            assert (ROOT / line.split("python ")[1].strip("`.").removesuffix(".py")).with_suffix(".py").is_file()


def test_speed_page_shows_every_kind_of_result(page, tmp_path):
    times = {"models": ["a"], "frames": 256, "passes": 4, "whole_s": 2.0, "forward_s": 1.0, "ratio": 2.0}
    usual = {"models": ["a"], "frames": 4, "conditions": 49, "corruptions": ["fog"], "ours_s": [1.0, 3.0]}
    series = {"models": 1, "short_side": 224, "frames": [25, 50, 400], "seconds": [1, 2, 16], "peak_mib": [9, 10, 11]}
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
        "gpu_table7_a": shape
        | {"device": "A GPU", "targets": [{"name": "Table VII", "sign": "<=", "limit": 5, "value": 6.0, "met": False}]}
        | {"table7": {"models": ["a"], "frames": 402, "conditions": 96, "batch": 32, "seconds": 360.0, "minutes": 6.0}}
        | {"quick": False},
    }
    results["gpu_table7_a"]["table7"] |= {"note": "measured", "peak_mib": 2048.0}
    about = {"date": "2026-01-01", "platform": "Linux", "python": "3.11", "versions": {"torch": "2"}, "cores": 2}
    for name, content in results.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(about | content), "utf-8")
    text = page.text(tmp_path)
    for line in (
        "| `a` | 256 | 4 | 2.0 | 1.0 | **2.00** |",
        "| conventional pipeline (metrics 30 s) | 30.0 |",
        "Times as fast: **15.0**",
        "| 1 model, 224 px | 1.0 | 2.0 | 16.0 | 0.9991 |",
        "| 1 model, 224 px | 9 | 10 | 11 | +10.0 % |",
        "`results.parquet` **differs**",
        "| ray | 2 | 4.0 | 3.0 |",
        "**12.0 hours**, extrapolated from 2 of 402 frames; the forward passes only would take 11.0 hours.",
        "| corrupt | 250.0 |",
        "1306 x 1009 px, 96 conditions, `a` with random weights,",
        "32 frames at a time: measured, 402 frames in 360 seconds,",
        "| Table VII | <= 5 | 6 | **missed** |",
        "*A GPU, 2 CPU cores, Linux, Python 3.11, torch 2; 2026-01-01.*",
    ):
        assert line in text, line


def test_speed_page_ignores_differences_within_the_noise(page):
    result = json.loads((RESULTS / "table7_cpu.json").read_text("utf-8"))
    result["extrapolated"] |= {"whole_h": 9.9, "forward_h": 10.0}
    assert "only would take as long" in " ".join(page.table7_cpu(result))
