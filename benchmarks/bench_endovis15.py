"""Real surgery: EndoVis 2015, trained on two operations, tested once on a third, with and without synthesis and mixing.

The pictures are no part of the project: where ``../shared/data/endovis15`` is absent this says so and ends. No setting
was chosen by looking at the third operation. All trainings see the same number of frames, real or synthesised. A run
that was killed goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from timing import keep, machine

from robustbench_endo.data import load_dataset
from robustbench_endo.reports.data.breakdown import class_overlap
from robustbench_endo.results import Bootstrap, Results, compare, load_results

PICTURES = Path(__file__).resolve().parents[2] / "shared" / "data"
DATA = PICTURES / "endovis15"
CLASSES = ("--classes", "background,shaft,manipulator")
RECIPE = ("--lr", "0.003", "--batch-size", "8", "--dice-weight", "1", "--precision", "bf16-mixed", "--logger", "none")
CONDITIONS = ("--corruption", "all", "--severity", "1,3,5", "--subject-regex", r"(OP\d)", "--format", "none")
LEADING = ("miou", "accuracy")
TRAININGS = {"plain": (), "mixing": ("mix",), "synthesis": ("synthesis",), "both": ("synthesis", "mix")}


def robust_endo(*arguments: str | Path) -> dict[str, float]:
    """Run the command line on one thread; seconds by the clock and of the processor."""
    code = "from robustbench_endo.cli import main; main()"
    start = time.perf_counter()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = os.spawnvpe(os.P_NOWAIT, sys.executable, [sys.executable, "-c", code, *map(str, arguments)], environment)
    _, status, used = os.wait4(process, 0)
    if status:
        sys.exit(f"robust-endo {arguments[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return {"wall_s": time.perf_counter() - start, "cpu_s": used.ru_utime + used.ru_stime}


def synthesise(made: Path) -> None:
    """Pictures made of nothing but the training frames and one frame of tissue."""
    for name, background, count in (("own", DATA, 60), ("tissue", PICTURES / "background", 20)):
        options = ("-n", str(count), "--size", "240x320", "--activity", "count")
        robust_endo("synthesize", "-b", background, "-i", DATA, "-o", made / name, *options)


def train(name: str, work: Path, made: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """One training to its end, or what is known of it if that was reached before."""
    told, out = work / f"{name}.json", work / name
    if told.is_file():
        return dict(json.loads(told.read_text()))
    more = [made / "own", made / "tissue"] if "synthesis" in TRAININGS[name] else []
    count = sum(len(load_dataset(str(data), split="train")) for data in (DATA, *more))
    extra = [part for place in more for part in ("--extra-data", place)]
    recipe = (*RECIPE, "--epochs", str(round(asked.seen / count)), *(("--augmix",) if "mix" in TRAININGS[name] else ()))
    start = ("--init-weights", asked.init_weights) if asked.init_weights != "none" else ()
    spent = robust_endo("train", "-m", asked.model, "-d", DATA, *extra, *CLASSES, *recipe, *start, "-o", out)
    about = {"frames": count, "epochs": round(asked.seen / count), "options": [*recipe, *start], "threads": 1, **spent}
    told.write_text(json.dumps(about))
    return about


def numbers(results: Results) -> dict[str, Any]:
    """What is told of each model, in percent, with 95 % intervals, and of the differences from the plain training."""
    table = results.table(LEADING, intervals=Bootstrap())
    overlap = class_overlap(results).query("corruption == 'clean'").set_index("model")
    rows = {"clean": ("clean", "clean"), "mean over corruptions": ("mean", "all")}
    models = {
        model: {f"{row}, {m}": table[m, model].loc[place].to_dict() for row, place in rows.items() for m in LEADING}
        | {"iou": dict(zip(results.classes, overlap.loc[model, list(range(len(results.classes)))], strict=True))}
        for model in results.models
    }
    apart = compare(results, LEADING, "plain")
    kept = apart.differences[apart.differences["subject_id"].isin(("clean", "mean"))].drop(columns="p_holm")
    return {"models": models, "intervals": table.attrs, "differences from plain": kept.to_dict("records")}


def background_alone() -> float:
    """mIoU in percent of the answer that everything is background."""
    masks = [sample.mask for sample in load_dataset(str(DATA), split="test")]
    return 100 * float(sum((mask == 0).sum() for mask in masks)) / sum(mask.numel() for mask in masks) / 3


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for pictures, checkpoints and runs")
    parser.add_argument("--model", default="tiny-resnet/mmoe")
    parser.add_argument("--init-weights", default="pretrained", help="checkpoint to start from, or none")
    parser.add_argument("--seen", type=int, default=24000, help="frames that each training sees")
    parser.add_argument("--at-once", type=int, default=2, help="trainings at a time, one thread each")
    asked = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"Nothing is measured: {DATA} is absent.")
    made = asked.work / "synthesised"
    synthesise(made)
    with ThreadPoolExecutor(asked.at_once) as pool:
        spent = list(pool.map(lambda name: train(name, asked.work, made, asked), TRAININGS))
    models = [part for name in TRAININGS for part in ("-m", f"{name}={asked.work / name}")]
    run = asked.work / "run"
    robust_endo("evaluate", *models, "-d", DATA, "--split", "test", *CLASSES, *CONDITIONS, "-o", run)
    about = {"model": asked.model, "seen": asked.seen, "trainings": dict(zip(TRAININGS, spent, strict=True))}
    results = numbers(load_results(run))
    keep("endovis15_training", {**machine("torch"), **about, "background alone, miou": background_alone(), **results})
