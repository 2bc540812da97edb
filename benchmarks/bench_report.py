"""Reports of a run of 10 models x 402 frames x 96 conditions, with images, as ``robust-endo report`` writes them."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from bench_statistics import CORRUPTIONS, synthetic_run
from PIL import Image
from timing import machine, save_result

from robustbench_endo.results import Results
from robustbench_endo.results.gallery import image_file, prediction_file, target_file
from robustbench_endo.results.integrity import write_run
from robustbench_endo.results.io import write_table

STORED_FRAMES, SIZE, MODELS = 2, (256, 320), (10,)

COMMAND = "import sys; from robustbench_endo.__main__ import run; sys.argv[0] = 'robust-endo'; run()"


def write(results: Results, folder: Path) -> Path:
    """A finished run with images of two frames at every condition: noise, which compresses worst."""
    models = results.models
    info = {
        **results.info,
        "name": "benchmark",
        "created": "2026-01-01T00:00:00+00:00",
        "finished": "2026-01-01T01:00:00+00:00",
        "protocol": "standard",
        "seed": 0,
        "replicates": 1,
        "suite": {"name": "endo19", "hash": "0" * 64},
        "failures": [],
    }
    info["data"] = {**info["data"], "frames": results.frame["image_id"].nunique(), "subjects": 20}
    write_gallery(results, folder, models)
    table = pa.Table.from_pandas(results.frame, results.schema, preserve_index=False)
    write_table(folder / "results.parquet", table)
    write_run(folder, info)
    return folder


def write_gallery(results: Results, folder: Path, models: list[str]) -> None:
    """The stored frames."""
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
            for model in range(len(models)):
                prediction = np.roll(mask, severity * (model + 1), axis=1)
                Image.fromarray(prediction).save(frame / prediction_file(name, severity, model))
    entries = [{"image_id": name, "folder": str(index)} for index, name in enumerate(names)]
    index_file = {"models": models, "frames": entries}
    (folder / "gallery" / "index.json").write_text(json.dumps(index_file), "utf-8")


def measure(run: Path, formats: str, out: Path) -> dict[str, Any]:
    """Wall and processor seconds of the command, its peak memory in MB, and the megabytes of the files."""
    start = time.perf_counter()
    arguments = ("report", str(run), "--format", formats, "--out", str(out))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-c", COMMAND, *arguments], stdout=subprocess.DEVNULL, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"robust-endo {' '.join(arguments)} ended with {os.waitstatus_to_exitcode(status)}")
    return {
        "wall_s": round(time.perf_counter() - start, 1),
        "processor_s": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": _megabytes(used),
        "file_mb": {kind: round((out / f"report.{kind}").stat().st_size / 1e6, 2) for kind in formats.split(",")},
    }


def _megabytes(used: resource.struct_rusage) -> int:
    return used.ru_maxrss // 1024


def main() -> None:
    """Measure and save. Another process writes each run: a child starts with the peak memory of its parent."""
    if len(sys.argv) > 1:
        write(synthetic_run(int(sys.argv[1])), Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as name:
        runs = {}
        for n_models in MODELS:
            run = Path(name) / f"run{n_models}"
            subprocess.run([sys.executable, __file__, str(n_models), str(run)], check=True)
            runs[f"{n_models} models"] = measure(run, "html,pdf", Path(name) / "out")
            print(n_models, runs[f"{n_models} models"])
        load = round(os.getloadavg()[0], 1)
        setting = {"threads": 1, "load_average": load, **machine("numpy", "pandas", "matplotlib", "typst")}
        save_result("report_cpu", {**setting, "runs": runs})


if __name__ == "__main__":
    main()
