"""An estimate of the speed and memory of the GPU path, on a machine without a GPU.

    python benchmarks/gpu_estimate.py                                     everything (two minutes)
    python benchmarks/gpu_estimate.py --part corruptions --only bleeding,spatter
    python benchmarks/gpu_estimate.py --part metrics
    python benchmarks/gpu_estimate.py --part metrics --against FILE           instead of gpu_estimate_before.json

Nothing is measured on a GPU: launches, bytes, FLOP, copies and synchronisations are counted and multiplied by the
constants of :mod:`gpu_machine`. Trust the times to a factor of 1.5 to 2, and their ratios between two states of the
code somewhat more.

Two techniques count. Corruptions, metrics and the stages of an evaluation run with real values: tensors report the
device ``cuda`` and compute on the CPU (:mod:`emulated_gpu`), so that loops that ask the device (``bool()``), numbers of
boundary pixels (``nonzero``) and downloads are those of real scenes; 1 and 3 frames are run, and every operation is
extrapolated to 32. Models have no such operations, but too much arithmetic: there the same tensors have shapes and no
values (:mod:`gpu_models`), at the full batch. A launch of Triton is counted, not run (:mod:`triton_launches`); its
output is random. Some of its programs run in Triton's interpreter, for the work of the kernel (:mod:`triton_work`), so
that new kernels need no entry anywhere; one that the interpreter cannot run counts with the bytes of its arguments.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import checkout  # noqa: F401
import torch
from gpu_corruptions import BATCH, LEAST_FRAMES, MEAN_FRAMES, corruptions
from gpu_machine import TRUST
from gpu_metrics import MASK_SSIM_MS, SURFACE_MS, metrics
from gpu_models import SIDE, forward, training_memory
from gpu_pipeline import MAX_MINUTES, MAX_SHARED, MAX_SINGLE, evaluations
from synthetic_inputs import TABLE7
from timing import RESULTS, machine

from robustbench_endo.corruptions import load_suite
from robustbench_endo.evaluation.provenance import commit

PARTS = ("corruptions", "metrics", "evaluation", "models")
BEFORE = RESULTS / "gpu_estimate_before.json"
"""The estimate of the state that the page of speed compares with."""
MIN_IMAGES, MAX_INFERENCE_MIB, MAX_TRAINING_GIB = 1000, 1668, 6.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Count, print and save."""
    options = parsed(arguments)
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    print(TRUST)
    result: dict[str, Any] = {"note": TRUST, **machine("torch", "triton", "timm"), "commit": commit()}
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "corruptions": lambda: corruptions(options.only, options.severities, options.size),
        "metrics": metrics,
        "evaluation": evaluations,
        "models": models,
    }
    before = json.loads(options.against.read_text("utf-8"))
    for part in options.part:
        result[part] = parts[part]()
        show(part, result[part], before.get(part))
    if set(options.part) == set(PARTS) and not options.only:
        result["targets"] = targets(result)
        result["before"] = {key: before[key] for key in ("commit", "targets", *PARTS[:3])}
        for name, target in result["targets"].items():
            print(f"{name}: {target['estimate']} (target {target['target']})")
    if options.out or (set(options.part) == set(PARTS) and not options.only):
        path = options.out or RESULTS / "gpu_estimate.json"
        path.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
        print(path)


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--part", type=_names, default=PARTS, help=f"some of {','.join(PARTS)}")
    parser.add_argument("--only", type=_names, default=(), help="corruptions, separated by commas")
    parser.add_argument("--severities", type=float, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--size", type=int, default=512, help="side of the corrupted frames")
    parser.add_argument("--against", type=Path, default=BEFORE, help="an earlier result, shown in front of this one")
    parser.add_argument("--out", type=Path, help="result file; a complete run is saved in any case")
    options = parser.parse_args(arguments)
    corruption_names = load_suite("endo19").names
    for noun, names, known in (("parts", options.part, PARTS), ("corruptions", options.only, corruption_names)):
        if unknown := set(names) - set(known):
            parser.error(f"Expected {noun} among {', '.join(known)}, got {', '.join(sorted(unknown))}.")
    return options


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def models() -> dict[str, Any]:
    """EndoARSS: inference at batch 1 and 32, training at batch 16."""
    spec = TABLE7[-1]
    (large, _), (small, about) = forward(spec, BATCH, (SIDE, SIDE)), forward(spec, 1, (SIDE, SIDE))
    return {
        "inference": {
            "model": spec,
            "images_per_s": round(1e3 * BATCH / large.ms),
            "images_per_s_at_batch_1": round(1e3 / small.ms),
            "mib_at_batch_1": round(about["peak_mib"]),  # torch's allocator, without the workspaces of libraries
            **{f"batch_{BATCH}_{name}": value for name, value in large.row().items()},
        },
        "training_mib": training_memory(spec, 16),
    }


def targets(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What has a target, with the estimate."""
    rows, runs = result["metrics"], result["evaluation"]
    inference, training = result["models"]["inference"], result["models"]["training_mib"]
    pairs = {
        "corruptions, frames/s in the mean": (result["corruptions"]["frames_per_s"], MEAN_FRAMES, ">="),
        "slowest corruption, frames/s": (result["corruptions"]["least_frames_per_s"], LEAST_FRAMES, ">="),
        "mask SSIM, ms a frame and model": (rows["mask_ssim"]["ms_per_frame"], MASK_SSIM_MS, "<="),
        "surface distances, ms a frame": (rows["surface_distances"]["ms_per_frame"], SURFACE_MS, "<="),
        "EndoARSS: evaluation over forward, serial": (runs["single"]["serial_ratio"], MAX_SINGLE, "<="),
        "EndoARSS: evaluation over forward, overlapped": (runs["single"]["overlapped_ratio"], MAX_SINGLE, "<="),
        "three models: evaluation over forward, serial": (runs["shared"]["serial_ratio"], MAX_SHARED, "<="),
        "three models: evaluation over forward, overlapped": (runs["shared"]["overlapped_ratio"], MAX_SHARED, "<="),
        "Table VII, minutes": (runs["table7"]["minutes"], MAX_MINUTES, "<="),
        "EndoARSS inference, images/s": (inference["images_per_s"], MIN_IMAGES, ">="),
        "EndoARSS inference at batch 1, MiB": (inference["mib_at_batch_1"], MAX_INFERENCE_MIB, "<="),
        "EndoARSS training at batch 16, GiB": (round(training["peak"] / 1024, 2), MAX_TRAINING_GIB, "<="),
    }
    return {
        name: {
            "estimate": value,
            "target": f"{sign} {limit:,}",
            "met": value >= limit if sign == ">=" else value <= limit,
        }
        for name, (value, limit, sign) in pairs.items()
    }


def show(part: str, result: dict[str, Any], before: dict[str, Any] | None) -> None:
    """Print the rows of a part, and of an earlier result in front of each value that differs."""
    print(f"\n{part}")
    for path, row in _rows(result):
        earlier = dict(_rows(before or {})).get(path, {})
        cells = [
            f"{name} {earlier[name]} -> {value}" if earlier.get(name, value) != value else f"{name} {value}"
            for name, value in row.items()
        ]
        print(f"  {path or part:24s} " + "  ".join(cells), flush=True)


def _rows(result: dict[str, Any], path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every dictionary with numbers, by its path."""
    values = {name: value for name, value in result.items() if isinstance(value, int | float | str)}
    inner = [(f"{path} {name}".strip(), value) for name, value in result.items() if isinstance(value, dict)]
    below = [row for name, value in inner for row in _rows(value, name.removeprefix("rows "))]
    return below + ([(path, values)] if values else [])


if __name__ == "__main__":
    main()
