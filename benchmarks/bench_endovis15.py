"""Real surgery: EndoVis 2015, trained on two operations, tested once on a third, with and without synthesis and AugMix.

The images are not part of the project: without ``../shared/data/endovis15`` nothing is measured. No setting was chosen
on the third operation. All trainings use the same number of frames, real or synthesised. An interrupted run is resumed.
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

from timing import machine, save_result

from robustbench_endo.data import load_dataset
from robustbench_endo.results import Resampling, Results, compare, load_results

IMAGES = Path(__file__).resolve().parents[2] / "shared" / "data"
DATA = IMAGES / "endovis15"
CLASSES = ("--classes", "background,shaft,manipulator")
RECIPE = ("--lr", "0.003", "--batch-size", "8", "--dice-weight", "1", "--precision", "bf16-mixed", "--logger", "none")
CONDITIONS = ("--corruption", "all", "--severity", "1,3,5", "--subject-regex", r"(OP\d)", "--format", "none")
LEADING = ("miou", "accuracy")
TRAININGS = {"plain": (), "mixing": ("mix",), "synthesis": ("synthesis",), "both": ("synthesis", "mix")}


def robust_endo(*arguments: str | Path) -> dict[str, float]:
    """Run the command line on one thread; wall and processor seconds."""
    code = "from robustbench_endo.cli import main; main()"
    start = time.perf_counter()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = os.spawnvpe(os.P_NOWAIT, sys.executable, [sys.executable, "-c", code, *map(str, arguments)], environment)
    _, status, used = os.wait4(process, 0)
    if status:
        sys.exit(f"robust-endo {arguments[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return {"wall_s": time.perf_counter() - start, "cpu_s": used.ru_utime + used.ru_stime}


def synthesise(folder: Path) -> None:
    """Images composed of only the training frames and one frame of tissue."""
    for name, background, count in (("own", DATA, 60), ("tissue", IMAGES / "background", 20)):
        options = ("-n", str(count), "--size", "240x320", "--activity", "count")
        robust_endo("synthesize", "-b", background, "-i", DATA, "-o", folder / name, *options)


def train(name: str, work: Path, synthesised: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One training, or the record of it where it has finished before."""
    record, out = work / f"{name}.json", work / name
    if record.is_file():
        return dict(json.loads(record.read_text()))
    more = [synthesised / "own", synthesised / "tissue"] if "synthesis" in TRAININGS[name] else []
    count = sum(len(load_dataset(str(data), split="train")) for data in (DATA, *more))
    extra = [part for folder in more for part in ("--extra-data", folder)]
    recipe = (
        *RECIPE,
        "--epochs",
        str(round(options.frames / count)),
        *(("--harden", "augmix") if "mix" in TRAININGS[name] else ()),
    )
    start = ("--init-weights", options.init_weights) if options.init_weights != "none" else ()
    spent = robust_endo("train", "-m", options.model, "-d", DATA, *extra, *CLASSES, *recipe, *start, "-o", out)
    about = {
        "frames": count,
        "epochs": round(options.frames / count),
        "options": [*recipe, *start],
        "threads": 1,
        **spent,
    }
    record.write_text(json.dumps(about))
    return about


def numbers(results: Results) -> dict[str, Any]:
    """Scores of each model in percent, and differences from the plain training; one subject has no intervals."""
    table = results.table(LEADING, intervals=Resampling())
    scores = results.scores()
    clean = scores[scores["corruption"] == "clean"].set_index("model")
    overlap = {name: f"iou[{name}]" for name in results.labels["segmentation"]}
    rows = {"clean": ("clean", "clean"), "mean over corruptions": ("mean", "all")}
    models = {
        model: {f"{row}, {m}": table[m, model].loc[key].to_dict() for row, key in rows.items() for m in LEADING}
        | {"iou": {name: clean.at[model, metric] for name, metric in overlap.items()}}
        for model in results.models
    }
    differences = compare(results, LEADING, "plain").differences
    differences = differences[differences["category"].isin(("clean", "mean"))].drop(columns="p_adjusted")
    return {"models": models, "intervals": table.attrs, "differences from plain": differences.to_dict("records")}


def only_background() -> float:
    """mIoU in percent of predicting only background."""
    masks = [sample.mask for sample in load_dataset(str(DATA), split="test")]
    return 100 * float(sum((mask == 0).sum() for mask in masks)) / sum(mask.numel() for mask in masks) / 3


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for images, checkpoints and runs")
    parser.add_argument("--model", default="tiny-resnet/mmoe")
    parser.add_argument("--init-weights", default="pretrained", help="checkpoint to start from, or none")
    parser.add_argument("--seen", type=int, default=24000, dest="frames", help="frames of each training, repeated")
    parser.add_argument("--at-once", type=int, default=2, help="concurrent trainings, one thread each")
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"Nothing is measured: {DATA} is missing.")
    synthesised = options.work / "synthesised"
    synthesise(synthesised)
    with ThreadPoolExecutor(options.at_once) as pool:
        spent = list(pool.map(lambda name: train(name, options.work, synthesised, options), TRAININGS))
    models = [part for name in TRAININGS for part in ("-m", f"{name}={options.work / name}")]
    run = options.work / "run"
    robust_endo("evaluate", *models, "-d", DATA, "--split", "test", *CLASSES, *CONDITIONS, "-o", run)
    about = {"model": options.model, "seen": options.frames, "trainings": dict(zip(TRAININGS, spent, strict=True))}
    results = numbers(load_results(run))
    save_result(
        "endovis15_training", {**machine("torch"), **about, "background alone, miou": only_background(), **results}
    )
