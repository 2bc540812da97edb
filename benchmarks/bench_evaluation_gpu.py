"""The paper's Table VII at full size on a GPU: 402 frames of 1306 x 1009 px, 96 conditions, three networks.

    python benchmarks/bench_evaluation_gpu.py [--frames N]        (from a checkout also with PYTHONPATH=.)

From PNG files to the results on disk, bf16, 32 frames at a time, random weights, compared with only the forward
passes in the same process, interleaved by chunks. First only `endoarss/tesla` on fewer frames, then the three networks
on the same corrupted batches. With fewer frames than 402 the time of the table is scaled and labelled so. Without a
CUDA device nothing is measured.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path
from typing import Any

import torch
from forward_only import Times, compare_with_forward
from synthetic_inputs import FULL_FRAMES, FULL_SIZE, TABLE7, evaluation_plan, on_disk, random_weights
from timing import cores, machine, save_result

BATCH, SINGLE_FRAMES = 32, 256
MAX_SINGLE, MAX_SHARED, MAX_MINUTES = 1.35, 1.2, 5.0
"""Targets on an H100: total over forward passes of one and of three networks, and minutes of the table."""


def main() -> None:
    """Measure, print and save after each part."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--frames", type=int, default=FULL_FRAMES, help="256 at least for batches of 32")
    parser.add_argument("--quick", action="store_true", help="8 frames at one severity (saved in the temporary folder)")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("bench_evaluation_gpu: expected a CUDA device, got none: nothing was measured.")
        return
    torch.manual_seed(0)
    frames = 8 if options.quick else options.frames
    severities = (3,) if options.quick else (1, 2, 3, 4, 5)
    name = "evaluation_gpu_" + re.sub(r"\W+", "_", torch.cuda.get_device_name().lower()).strip("_")
    result: dict[str, Any] = {
        **machine("torch", "timm", "numba", *(["triton"] if torch.version.cuda else [])),
        "device": torch.cuda.get_device_name(),
        "cuda": torch.version.cuda,
        "cores": cores(),
        "frame": list(FULL_SIZE),
        "precision": "bf16",
        "batch": BATCH,
        "wanted": {"alone": MAX_SINGLE, "shared": MAX_SHARED, "minutes": MAX_MINUTES},
    }
    with tempfile.TemporaryDirectory() as folder:
        data = on_disk(Path(folder) / "data", frames, FULL_SIZE)
        for part, specs, limit in (
            ("alone", TABLE7[-1:], min(frames, SINGLE_FRAMES)),
            ("shared", TABLE7, frames),
        ):
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
            times = compare_with_forward(
                evaluation_plan(
                    random_weights(specs),
                    data,
                    Path(folder) / part,
                    severities=severities,
                    limit=limit,
                    device="cuda",
                    precision="bf16",
                    batch_size=BATCH,
                )
            )
            result[part] = row(times, specs, limit)
            print(part, result[part], flush=True)
            path = save_result(name, result, options.quick)
    print(path)
    if not options.quick and "H100" in result["device"]:
        assert result["alone"]["ratio"] <= MAX_SINGLE
        assert result["shared"]["ratio"] <= MAX_SHARED
        assert result["shared"]["table7"]["minutes"] <= MAX_MINUTES


def row(times: Times, specs: tuple[str, ...], frames: int) -> dict[str, Any]:
    """One part: measured, and scaled to the complete table."""
    scaled = times.overhead + FULL_FRAMES / frames * (times.total - times.overhead)
    note = "measured" if frames == FULL_FRAMES else f"scaled from {frames} to {FULL_FRAMES} frames"
    return {
        "models": list(specs),
        "frames": frames,
        **times.row(),
        "peak_mib": round(torch.cuda.max_memory_allocated() / 2**20),
        "table7": {"minutes": round(scaled / 60, 2), "note": note},
    }


if __name__ == "__main__":
    main()
