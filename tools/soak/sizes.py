"""Large inputs: one frame of 8192 x 8192 pixels, 5,000 small frames, a report of 200 models."""

from __future__ import annotations

import json
import shutil
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from commands import Finished, expect_success
from commands import run as run_command
from outcome import SoakResult, Tally, count
from small_files import FACTORY, RUN, base_files, write_frames

SIDE, MEMORY_LIMIT_MB, TIME_LIMIT_S = 8192, 8192, 900.0
FRAMES, FRAME_SIZE = 5000, (48, 64)
FRAMES_MEMORY_MB = 2048
MODELS, REPORT_LIMIT_MB = 200, 8.0
NATIVE = (
    *("evaluate", "--data", "frames", "--model", "light=light.py:build", "--resolution", "native"),
    *("--corruption", "gaussian_noise", "--severity", "3", "--format", "none", "--out", "out"),
)
MANY = (
    *("evaluate", "--data", "frames", "--model", "light=light.py:build", "--corruption", "contrast", "--severity", "3"),
    *("--format", "html", "--out", "out"),
)


def run(folder: Path, scale: float) -> list[SoakResult]:
    """All three; a scale below 1 takes a smaller frame and fewer frames and models."""
    return [
        large_frame(folder / "frame", count(SIDE, scale**0.5, 512)),
        many_frames(folder / "frames", count(FRAMES, scale, 50)),
        many_models(folder / "models", count(MODELS, scale, 10)),
    ]


def large_frame(folder: Path, side: int) -> SoakResult:
    """Refused in one sentence, or done within the limits of memory and time."""
    tally = Tally(f"sizes: one frame of {side} x {side} px at native resolution")
    folder.mkdir(parents=True)
    write_frames(folder / "frames", 1, (side, side))
    (folder / "light.py").write_text(FACTORY)
    finished = run_command(NATIVE, folder, TIME_LIMIT_S)
    tally.add(large_frame_problem(finished, folder / "out"))
    state = "refused" if finished.code == 2 else "done"
    return tally.outcome(f"{state} in {finished.seconds:.0f} s with {finished.peak_mb / 1024:.1f} GB")


def large_frame_problem(finished: Finished, out: Path) -> str:
    """What is wrong with how the evaluation of a large frame ended."""
    if "Traceback" in finished.stderr or finished.code not in (0, 2, 3):
        return f"exit code {finished.code}: {finished.stderr.strip()[-300:]}"
    if finished.peak_mb > MEMORY_LIMIT_MB:
        return f"{finished.peak_mb:.0f} MB"
    if finished.code == 2:
        return "" if finished.stderr.count("Error: ") == 1 else f"no sentence: {finished.stderr[-300:]}"
    return "" if (out / "results.parquet").is_file() else "no results.parquet"


def many_frames(folder: Path, number: int) -> SoakResult:
    """Small frames, each evaluated once per condition, in bounded memory."""
    import pyarrow.parquet as pq

    tally = Tally(f"sizes: {number:,} frames of {FRAME_SIZE[0]} x {FRAME_SIZE[1]} px")
    folder.mkdir(parents=True)
    write_frames(folder / "frames", number, FRAME_SIZE)
    (folder / "light.py").write_text(FACTORY)
    finished = expect_success(MANY, folder)
    rows = pq.read_metadata(folder / "out" / "results.parquet").num_rows
    verified = run_command(["verify", "out"], folder)
    tally.add("" if rows == 2 * number else f"{rows} rows instead of {2 * number}")
    tally.add("" if finished.peak_mb < FRAMES_MEMORY_MB else f"{finished.peak_mb:.0f} MB")
    tally.add("" if verified.code == 0 else f"verify: exit code {verified.code}: {verified.stdout[-300:]}")
    return tally.outcome(f"{rows:,} rows in {finished.seconds:.0f} s with {finished.peak_mb / 1024:.1f} GB")


def many_models(folder: Path, number: int) -> SoakResult:
    """A report of many models: its size, and that it names all of them."""
    tally = Tally(f"sizes: report of {number} models")
    base = Path(shutil.copytree(base_files(), folder))
    expect_success([*RUN, "--corruption", "all", "--severity", "1-5", "--gallery-frames", "2", "--out", "many"], base)
    relabel(base / "many", number)
    started = time.monotonic()
    finished = run_command(["report", "many", "--format", "html", "--out", "out"], base)
    seconds, report = time.monotonic() - started, base / "out" / "report.html"
    if finished.code or not report.is_file():
        tally.add(f"exit code {finished.code}: {finished.stderr.strip()[-300:]}")
        return tally.outcome()
    megabytes = report.stat().st_size / 1e6
    names = sum(f"model-{index:03d}" in report.read_text("utf-8") for index in range(number))
    tally.add("" if megabytes <= REPORT_LIMIT_MB else f"report.html has {megabytes:.1f} MB")
    tally.add("" if names == number else f"report.html names {names} models")
    return tally.outcome(f"{megabytes:.1f} MB in {seconds:.0f} s with {finished.peak_mb / 1024:.1f} GB")


def relabel(run: Path, number: int) -> None:
    """Make a run of one model one of many that differ a little, without evaluating them."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(run / "results.parquet")
    frame, random, parts = table.to_pandas(), np.random.default_rng(0), []
    frame = frame[frame["model"] == frame["model"].iloc[0]]
    scores = [name for name in ("iou_mean", "dice_mean") if name in frame]
    for index in range(number):
        changed = {name: (frame[name] * (1 - 0.001 * random.random(len(frame)))).astype("float32") for name in scores}
        parts.append(frame.assign(model=f"model-{index:03d}", **changed))
    tables = [pa.Table.from_pandas(part, schema=table.schema, preserve_index=False) for part in parts]
    pq.write_table(pa.concat_tables(tables), run / "results.parquet")
    _write_info(run, number)


def _write_info(run: Path, number: int) -> None:
    """run.json of the many models, with the checksums that the package requires."""
    info: dict[str, Any] = json.loads((run / "run.json").read_text("utf-8"))
    entry = info["models"][0]
    info["models"] = [{**entry, "name": f"model-{index:03d}"} for index in range(number)]
    info["identity"]["models"] = {each["name"]: each["weights_sha256"] for each in info["models"]}
    shutil.rmtree(run / "records")
    (run / "summary.csv").unlink()
    import_module("robustbench_endo.results.integrity").write_run(run, info)
