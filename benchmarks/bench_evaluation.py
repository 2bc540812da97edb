"""A whole evaluation beside its forward passes alone, and beside the usual way, on the CPU.

    python benchmarks/bench_evaluation.py [--quick]

(a) Suite endo19, all 96 conditions, frames of 512 x 640 px from PNG files to the results on disk, against the forward
passes of the same models on as many frames x conditions, in the same batches by the same threads; after each chunk of
the one comes the same chunk of the other. DINOv2 ViT-B/14 (`dinov2/hps`: the plain network with a head a task) and
`dinov2/tesla` (two tasks through it) see 224 x 224 px and have random weights.

(b) The usual way (usual_way.py) on the same frames, models and severities, between two runs of ours; only the
corruptions that imagecorruptions has. It needs the extras `reference` and `peers`. Where the latter are not wanted in
the environment: `pip install --target FOLDER --no-deps monai`, then PYTHONPATH=FOLDER.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from forward_only import side_by_side
from synthetic_inputs import on_disk, random_weights, request, shipped
from timing import cores, keep, machine

from robustbench_endo import evaluation
from robustbench_endo.corruptions.imagecorruptions_backend import imagecorruptions_names
from robustbench_endo.evaluation.conditions import plan

SIZE = (512, 640)
MOST, LEAST = 1.25, 10
"""What must hold: whole over forward alone for `dinov2/hps`; the usual way over ours."""
QUICK = ("contrast", "pixelate")
PLAIN, TWO_TASKS, SMALL = "dinov2/hps", "dinov2/tesla", "three shipped"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, prints, keeps."""
    quick = parsed(arguments).quick
    torch.manual_seed(0)
    options = {"corruptions": QUICK, "severities": (3,)} if quick else {}
    counts = {SMALL: 2, PLAIN: 1, TWO_TASKS: 1} if quick else {SMALL: 16, PLAIN: 16, TWO_TASKS: 4}
    result: dict[str, Any] = {"size": list(SIZE), "cores": cores(), "wanted": {"whole": MOST, "usual": LEAST}}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        # What the compilers do is not counted.
        evaluation.run(request(shipped(1), on_disk(place / "first", 1, SIZE), place / "warm", severities=(3,)))
        result["forward_alone"] = {name: beside_forward(name, count, place, options) for name, count in counts.items()}
        shared = tuple(name for name in imagecorruptions_names() if not quick or name in QUICK)
        result["usual_way"] = beside_usual(1 if quick else 4, shared, (3,) if quick else (1, 3, 5), place)
    kept = keep("evaluation_cpu", {**machine(*packages()), **result}, quick)
    print(kept)
    if not quick:
        assert result["forward_alone"][PLAIN]["ratio"] <= MOST
        assert result["usual_way"] is None or result["usual_way"]["ratio"] >= LEAST


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument(
        "--quick", action="store_true", help="a few frames and conditions: does it run? (kept in the temporary folder)"
    )
    return parser.parse_args(arguments)


def beside_forward(name: str, count: int, folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    """One row of (a)."""
    models = shipped() if name == SMALL else random_weights([name])
    place = folder / name.replace("/", "_")
    data = on_disk(place / "data", count, SIZE)
    times = side_by_side(request(models, data, place / "run", **options))
    row = {"frames": count, "models": list(models), **times.row()}
    print(name, row, flush=True)
    return row


def beside_usual(count: int, names: Sequence[str], severities: Sequence[int], folder: Path) -> dict[str, Any] | None:
    """(b): ours, the usual way, ours again."""
    if not (find_spec("monai") and find_spec("imagecorruptions")):
        print("the usual way: not measured, it needs the extras reference and peers")
        return None
    import baseline_pipeline as usual_way

    data = on_disk(folder / "usual", count, SIZE)

    def ours(turn: int) -> float:
        start = time.perf_counter()
        evaluation.run(request(shipped(), data, folder / f"run_{turn}", corruptions=names, severities=severities))
        return time.perf_counter() - start

    before = ours(0)
    start = time.perf_counter()
    samples = [data[index] for index in range(count)]
    theirs = {"decode": time.perf_counter() - start}
    conditions = plan(names, severities)
    theirs |= usual_way.evaluate(shipped(), samples, conditions, len(data.classes), folder / "copies")
    after = ours(1)
    usual, mine = sum(theirs.values()), (before + after) / 2
    row = {
        "frames": count,
        "models": list(shipped()),
        "conditions": len(conditions),
        "corruptions": list(names),
        "ours_s": [round(before, 1), round(after, 1)],
        "usual_s": round(usual, 1),
        "usual_phases_s": {name: round(seconds, 1) for name, seconds in theirs.items()},
        "ratio": round(usual / mine, 2),
    }
    print("the usual way", row, flush=True)
    return row


def packages() -> list[str]:
    """Whose versions matter."""
    known = {"monai": "monai", "imagecorruptions-imaug": "imagecorruptions"}
    return ["torch", "timm", "numba", "numpy", *(name for name, module in known.items() if find_spec(module))]


if __name__ == "__main__":
    main()
