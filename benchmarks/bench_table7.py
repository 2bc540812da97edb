"""Table VII at full size on the CPU, EXTRAPOLATED: a few frames at all 96 conditions, scaled to 402 frames.

    python benchmarks/bench_table7.py [--frames N] [--quick]

Frames of 1306 x 1009 px on disk, suite endo19 (corrupted at a short side of 512 px), the paper's three networks at
their own size with random weights, all on the same corrupted images. Work that does not depend on the number of frames
is measured and not scaled. gpu_table7.py measures the complete table on a GPU.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import torch
from forward_only import Times, compare_with_forward
from synthetic_inputs import FULL_FRAMES, FULL_SIZE, TABLE7, evaluation_plan, on_disk, random_weights, run, shipped
from timing import cores, interleave, machine, save_result
from torch import Tensor, nn


def main() -> None:
    """Measure, extrapolate, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--frames", type=int, default=2)
    parser.add_argument(
        "--quick", action="store_true", help="one frame, three conditions (saved in the temporary folder)"
    )
    options = parser.parse_args()
    frames = 1 if options.quick else options.frames
    reduced = {"corruptions": "contrast,pixelate", "severities": (3,)} if options.quick else {}
    torch.manual_seed(0)
    models = random_weights(TABLE7)
    with tempfile.TemporaryDirectory() as folder:
        data = on_disk(Path(folder) / "data", frames, FULL_SIZE)
        run(evaluation_plan(shipped(1), data, Path(folder) / "warm", limit=1, severities=(3,)))
        times = compare_with_forward(evaluation_plan(models, data, Path(folder) / "run", **reduced))
        images = data[0].image[None].float() / 255
    result = {
        "cores": cores(),
        "frame": list(FULL_SIZE),
        "measured": {"frames": frames, "models": list(TABLE7), **times.row()},
        "forward_ms": {name: round(forward_ms(model, images), 1) for name, model in models.items()},
        "extrapolated": extrapolated(times, frames),
    }
    print(result)
    print(save_result("table7_cpu", {**machine("torch", "timm", "numba"), **result}, options.quick))


def forward_ms(model: nn.Module, images: Tensor) -> float:
    """Milliseconds of a forward pass on one frame by one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.inference_mode():
        ours, _ = interleave(lambda: model(images), lambda: None, rounds=3)
    torch.set_num_threads(threads)
    return ours


def extrapolated(times: Times, frames: int) -> dict[str, Any]:
    """The times of all frames: only the work per frame is scaled."""
    scale = FULL_FRAMES / frames
    total = times.overhead + scale * (times.total - times.overhead)
    return {
        "note": f"extrapolated from {frames} of {FULL_FRAMES} frames",
        "frames": FULL_FRAMES,
        "whole_h": round(total / 3600, 2),
        "forward_h": round(scale * times.forward / 3600, 2),
        "phases_thread_h": {name: round(scale * value / 3600, 2) for name, value in times.phases.items()},
    }


if __name__ == "__main__":
    main()
