"""The report of a run of 402 frames x 96 conditions x 3 models: time and memory of HTML and PDF, with pictures."""

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
from bench_statistics import CORRUPTIONS, MODELS, paper_sized
from PIL import Image
from timing import keep, machine

from robustbench_endo.reports import report
from robustbench_endo.results import Results
from robustbench_endo.results.gallery import image_file, prediction_file, target_file

FRAMES_KEPT, SIZE = 2, (256, 320)


def with_gallery(results: Results, folder: Path) -> Results:
    """The run with names, and pictures of two frames at every condition: noise, the hardest thing to compress."""
    info = {**results.info, "name": "benchmark", "suite": {"name": "endo19"}, "seed": 0}
    info["data"] = {"classes": [f"class {i}" for i in range(7)], "activities": [f"activity {i}" for i in range(3)]}
    random = np.random.default_rng(0)
    conditions = [("clean", 0), *((str(c["name"]), severity) for c in CORRUPTIONS for severity in range(1, 6))]
    names = [str(name) for name in results.frame["image_id"].unique()[:FRAMES_KEPT]]
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    for index in range(len(names)):
        place = folder / "gallery" / str(index)
        place.mkdir(parents=True)
        for name, severity in conditions:
            picture = 120 + random.normal(0, 8 * (1 + severity), (*SIZE, 3))
            Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(place / image_file(name, severity), quality=85)
            mask = ((rows // 40 + columns // 60 + severity) % 7).astype(np.uint8)
            Image.fromarray(mask).save(place / target_file(name, severity))
            for model in range(len(MODELS)):
                guess = np.roll(mask, severity * (model + 1), axis=1)
                Image.fromarray(guess).save(place / prediction_file(name, severity, model))
    listed = [{"image_id": name, "folder": str(index)} for index, name in enumerate(names)]
    index_file = {"models": [model["name"] for model in MODELS], "frames": listed}
    (folder / "gallery" / "index.json").write_text(json.dumps(index_file), "utf-8")
    return replace(results, info=info, path=folder)


def measured(formats: str) -> dict[str, Any]:
    """Seconds, megabytes of the file and of the process at its largest, in this process."""
    with tempfile.TemporaryDirectory() as name:
        results = with_gallery(paper_sized(), Path(name))
        before, start, worked = _peak(), time.perf_counter(), time.process_time()
        report(results, Path(name) / "report", formats.split(","))
        return {
            "seconds": round(time.perf_counter() - start, 1),
            "processor_seconds": round(time.process_time() - worked, 1),
            "peak_mb": _peak(),
            "peak_before_mb": before,
            "file_mb": {
                kind: round((Path(name) / f"report.{kind}").stat().st_size / 1e6, 2) for kind in formats.split(",")
            },
        }


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Each in a process of its own, so that one's memory is not counted for the other."""
    if len(sys.argv) > 1:
        print(json.dumps(measured(sys.argv[1])))
        return
    found = {}
    for formats in ("html", "pdf", "html,pdf"):
        done = subprocess.run([sys.executable, __file__, formats], capture_output=True, text=True, check=True)
        found[formats] = json.loads(done.stdout)
        print(formats, found[formats])
    keep("report_cpu", {**machine("numpy", "pandas", "matplotlib"), "runs": found})


if __name__ == "__main__":
    main()
