"""The report of a run of 402 frames x 96 conditions x 3 models: time and memory of HTML and PDF, with images."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from bench_statistics import CORRUPTIONS, MODELS, synthetic_run
from PIL import Image
from timing import machine, save_result

from robustbench_endo.reports import report
from robustbench_endo.results import Results
from robustbench_endo.results.gallery import image_file, prediction_file, target_file

STORED_FRAMES, SIZE = 2, (256, 320)


def with_gallery(results: Results, folder: Path) -> Results:
    """The run with names, and images of two frames at every condition: noise, which compresses worst."""
    info = {**results.info, "name": "benchmark", "suite": {"name": "endo19"}, "seed": 0}
    info["data"] = {"name": "synthetic records"}
    random = np.random.default_rng(0)
    conditions = [("clean", 0), *((str(c["name"]), severity) for c in CORRUPTIONS for severity in range(1, 6))]
    names = [str(name) for name in results.frame["image_id"].unique()[:STORED_FRAMES]]
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    for index in range(len(names)):
        frame = folder / "gallery" / str(index)
        frame.mkdir(parents=True)
        for name, severity in conditions:
            image = 120 + random.normal(0, 8 * (1 + severity), (*SIZE, 3))
            Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(frame / image_file(name, severity), quality=85)
            mask = ((rows // 40 + columns // 60 + severity) % 7).astype(np.uint8)
            Image.fromarray(mask).save(frame / target_file(name, severity))
            for model in range(len(MODELS)):
                prediction = np.roll(mask, severity * (model + 1), axis=1)
                Image.fromarray(prediction).save(frame / prediction_file(name, severity, model))
    entries = [{"image_id": name, "folder": str(index)} for index, name in enumerate(names)]
    index_file = {"models": [model["name"] for model in MODELS], "frames": entries}
    (folder / "gallery" / "index.json").write_text(json.dumps(index_file), "utf-8")
    return replace(results, info=info, path=folder)


def measure(formats: str) -> dict[str, Any]:
    """Seconds, megabytes of the files, and peak megabytes of this process."""
    with tempfile.TemporaryDirectory() as name:
        results = with_gallery(synthetic_run(), Path(name))
        before, start, processor = _peak(), time.perf_counter(), time.process_time()
        report(results, Path(name) / "report", formats.split(","))
        return {
            "seconds": round(time.perf_counter() - start, 1),
            "processor_seconds": round(time.process_time() - processor, 1),
            "peak_mb": _peak(),
            "peak_before_mb": before,
            "file_mb": {
                kind: round((Path(name) / f"report.{kind}").stat().st_size / 1e6, 2) for kind in formats.split(",")
            },
        }


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Measure each in its own process, so that their memory is separate; print and save."""
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
        return
    runs = {}
    for formats in ("html", "pdf", "html,pdf"):
        done = subprocess.run([sys.executable, __file__, formats], capture_output=True, text=True, check=True)
        runs[formats] = json.loads(done.stdout)
        print(formats, runs[formats])
    save_result("report_cpu", {**machine("numpy", "pandas", "matplotlib"), "runs": runs})


if __name__ == "__main__":
    main()
