"""An evaluation compared with only its forward passes, and with a conventional pipeline, on the CPU.

    python benchmarks/bench_evaluation.py [--quick] [--only NAME]

(a) Suite endo19, all 96 conditions, frames of 512 x 640 px from PNG files to the results on disk, compared with
the forward passes of the same models on as many frames x conditions, in the same batches by the same threads,
interleaved by chunks. DINOv2 ViT-B/14 (`dinov2/hps`: the plain network with a head per task) and `dinov2/tesla` (two
tasks through it) have inputs of 224 x 224 px and random weights.

(b) A conventional pipeline (baseline_pipeline.py) on the same frames, models and severities, between two runs of ours;
only the corruptions that imagecorruptions has. It needs the extras `imagecorruptions` and `peers`. To keep the latter
out of the environment: `pip install --target FOLDER --no-deps monai`, then PYTHONPATH=FOLDER.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from forward_only import compare_with_forward
from synthetic_inputs import evaluation_plan, on_disk, random_weights, run, shipped
from timing import RESULTS, cores, machine, save_result

from robustbench_endo.corruptions.imagecorruptions_backend import imagecorruptions_names
from robustbench_endo.evaluation.conditions import list_conditions

SIZE = (512, 640)
MAX_RATIO, MAX_RATIO_SMALL, MIN_SPEEDUP = 1.25, 1.6, 10
"""Targets: total over forward passes for `dinov2/hps` and for three small models; the conventional pipeline over ours.

That of small models is of processor time: other processes would decide it otherwise."""
QUICK = ("contrast", "pixelate")
PLAIN, TWO_TASKS, SMALL = "dinov2/hps", "dinov2/tesla", "three shipped"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and save."""
    parsed = parse(arguments)
    quick, only = parsed.quick, parsed.only
    torch.manual_seed(0)
    options = {"corruptions": QUICK, "severities": (3,)} if quick else {}
    counts = {SMALL: 2, PLAIN: 1, TWO_TASKS: 1} if quick else {SMALL: 16, PLAIN: 16, TWO_TASKS: 4}
    result: dict[str, Any] = {
        "size": list(SIZE),
        "cores": cores(),
        "wanted": {"whole": MAX_RATIO, "whole_small": MAX_RATIO_SMALL, "usual": MIN_SPEEDUP},
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Compilation is not counted.
        run(evaluation_plan(shipped(1), on_disk(folder / "first", 1, SIZE), folder / "warm", severities=(3,)))
        parts = counts if only is None else {only: counts[only]}
        rows = {name: with_forward(name, count, folder, options) for name, count in parts.items()}
        if only is None:
            shared = tuple(name for name in imagecorruptions_names() if not quick or name in QUICK)
            usual = with_baseline(1 if quick else 4, shared, (3,) if quick else (1, 3, 5), folder)
            result = {**machine(*packages()), **result, "forward_alone": rows, "usual_way": usual}
        else:  # the other parts stay as measured before; the new one says when it was
            before = json.loads((RESULTS / "evaluation_cpu.json").read_text("utf-8"))
            rows[only]["measured"] = machine("torch", "numba", "numpy")["date"]
            result = {**before, **result, "forward_alone": {**before["forward_alone"], **rows}}
    print(save_result("evaluation_cpu", result, quick))
    if not quick:
        assert result["forward_alone"][PLAIN]["ratio"] <= MAX_RATIO
        assert result["forward_alone"][SMALL]["processor_ratio"] <= MAX_RATIO_SMALL
        assert result["usual_way"] is None or result["usual_way"]["ratio"] >= MIN_SPEEDUP


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument(
        "--quick", action="store_true", help="a few frames and conditions, as a test (saved in the temporary folder)"
    )
    parser.add_argument(
        "--only", choices=(SMALL, PLAIN, TWO_TASKS), help="one part of (a); the others stay as they are"
    )
    return parser.parse_args(arguments)


def with_forward(name: str, count: int, folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    """One row of (a)."""
    models = shipped() if name == SMALL else random_weights([name])
    out = folder / name.replace("/", "_")
    data = on_disk(out / "data", count, SIZE)
    times = compare_with_forward(evaluation_plan(models, data, out / "run", **options))
    row = {"frames": count, "models": list(models), **times.row()}
    print(name, row, flush=True)
    return row


def with_baseline(count: int, names: Sequence[str], severities: Sequence[int], folder: Path) -> dict[str, Any] | None:
    """(b): ours, the conventional pipeline, ours again."""
    if not (find_spec("monai") and find_spec("imagecorruptions")):
        print("the conventional pipeline: not measured, it needs the extras imagecorruptions and peers")
        return None
    import baseline_pipeline

    data = on_disk(folder / "usual", count, SIZE)

    def ours(number: int) -> float:
        start = time.perf_counter()
        options = {"corruptions": tuple(names), "severities": tuple(severities)}
        run(evaluation_plan(shipped(), data, folder / f"run_{number}", **options))
        return time.perf_counter() - start

    before = ours(0)
    start = time.perf_counter()
    samples = [data[index] for index in range(count)]
    phases = {"decode": time.perf_counter() - start}
    conditions = list_conditions(names, severities)
    phases |= baseline_pipeline.evaluate(shipped(), samples, conditions, len(data.classes), folder / "copies")
    after = ours(1)
    baseline, mine = sum(phases.values()), (before + after) / 2
    row = {
        "frames": count,
        "models": list(shipped()),
        "conditions": len(conditions),
        "corruptions": list(names),
        "ours_s": [round(before, 1), round(after, 1)],
        "usual_s": round(baseline, 1),
        "usual_phases_s": {name: round(seconds, 1) for name, seconds in phases.items()},
        "ratio": round(baseline / mine, 2),
    }
    print("conventional pipeline", row, flush=True)
    return row


def packages() -> list[str]:
    """Packages whose versions matter."""
    known = {"monai": "monai", "imagecorruptions-imaug": "imagecorruptions"}
    return ["torch", "timm", "numba", "numpy", *(name for name, module in known.items() if find_spec(module))]


if __name__ == "__main__":
    main()
