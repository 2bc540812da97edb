"""Table VII at full size on the CPU, EXTRAPOLATED: a few frames at all 96 conditions, scaled to 402 frames.

    python benchmarks/bench_table7.py [--frames N] [--quick]

Frames of 1306 x 1009 px on disk, suite endo19 (corrupted at a short side of 512 px), the paper's three networks at
their own size with random weights, each corrupted picture shown to all three. What a run does once, whatever the
number of frames, is measured and not scaled. bench_evaluation_gpu.py measures the whole table on a GPU.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import torch
from forward_only import Times, side_by_side
from synthetic_inputs import FULL_FRAMES, FULL_SIZE, TABLE7, on_disk, random_weights, request, shipped
from timing import cores, in_turn, keep, machine
from torch import Tensor, nn

from robustbench_endo import evaluation


def main() -> None:
    """Measures, extrapolates, prints, keeps."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--frames", type=int, default=2)
    parser.add_argument(
        "--quick", action="store_true", help="one frame, three conditions (kept in the temporary folder)"
    )
    options = parser.parse_args()
    frames = 1 if options.quick else options.frames
    less = {"corruptions": ("contrast", "pixelate"), "severities": (3,)} if options.quick else {}
    torch.manual_seed(0)
    models = random_weights(TABLE7)
    with tempfile.TemporaryDirectory() as folder:
        data = on_disk(Path(folder) / "data", frames, FULL_SIZE)
        evaluation.run(request(shipped(1), data, Path(folder) / "warm", limit=1, severities=(3,)))
        times = side_by_side(request(models, data, Path(folder) / "run", **less))
        images = data[0].image[None].float() / 255
    result = {
        "cores": cores(),
        "frame": list(FULL_SIZE),
        "measured": {"frames": frames, "models": list(TABLE7), **times.row()},
        "forward_ms": {name: round(alone(model, images), 1) for name, model in models.items()},
        "extrapolated": extrapolated(times, frames),
    }
    print(result)
    print(keep("table7_cpu", {**machine("torch", "timm", "numba"), **result}, options.quick))


def alone(model: nn.Module, images: Tensor) -> float:
    """Milliseconds of a forward pass on one frame by one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.inference_mode():
        ours, _ = in_turn(lambda: model(images), lambda: None, rounds=3)
    torch.set_num_threads(threads)
    return ours


def extrapolated(times: Times, frames: int) -> dict[str, Any]:
    """What is scaled with the frames, and what is not."""
    scale = FULL_FRAMES / frames
    whole = times.around + scale * (times.whole - times.around)
    return {
        "note": f"extrapolated from {frames} of {FULL_FRAMES} frames",
        "frames": FULL_FRAMES,
        "whole_h": round(whole / 3600, 2),
        "forward_h": round(scale * times.forward / 3600, 2),
        "phases_thread_h": {name: round(scale * value / 3600, 2) for name, value in times.phases.items()},
    }


if __name__ == "__main__":
    main()
