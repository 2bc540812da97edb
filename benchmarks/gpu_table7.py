"""The paper's Table VII at full size on a GPU: 402 frames of 1306 x 1009 px, 96 conditions, three networks.

    python benchmarks/gpu_table7.py --out DIR [--frames N]

From PNG files to the results on disk, bf16, 32 frames at a time, random weights, without anything else in between: the
ratio to the forward passes is a part of gpu_all.py. With fewer frames than 402 the time is scaled and labelled so.
The result is DIR/gpu_table7.json; to publish it, copy it to benchmarks/results and run ``python docs/speed_page.py``.
The exit code is 1 where the target is missed. ``--device cpu --quick`` checks this code without a GPU.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from gpu_all import check_device, write_json
from gpu_targets import TABLE7_TARGET, rows
from measured_device import about
from measured_setting import Setting
from synthetic_inputs import FULL_FRAMES, FULL_SIZE, TABLE7, evaluation_plan, on_disk, random_weights, run

from robustbench_endo.evaluation.device import choose_device
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.models import SHIPPED


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and save; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/gpu"), help="folder of the result")
    parser.add_argument("--frames", type=int, default=FULL_FRAMES)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="check the code: two tiny frames, two conditions")
    options = parser.parse_args(arguments)
    check_device(options.device, parser)
    torch.manual_seed(0)
    setting = Setting(choose_device(options.device), options.quick)
    result = {**about(setting), "frame": list(FULL_SIZE), "table7": table7(setting, setting.of(options.frames, 2))}
    result["targets"] = rows(result, [TABLE7_TARGET])
    options.out.mkdir(parents=True, exist_ok=True)
    write_json(options.out / "gpu_table7.json", result)
    print(result["table7"], result["targets"], options.out / "gpu_table7.json")
    return int(not all(row["met"] for row in result["targets"]))


def table7(setting: Setting, frames: int) -> dict[str, Any]:
    """Minutes from the plan to the results on disk, and where they went."""
    specs = setting.of(TABLE7, SHIPPED[:1])
    options = {"precision": "bf16", "batch_size": setting.batch} | setting.of(
        {}, {"precision": "fp32", "corruptions": ("contrast",), "severities": (3,), "gallery_frames": 0}
    )
    with tempfile.TemporaryDirectory() as folder:
        data = on_disk(Path(folder) / "data", frames, setting.of(FULL_SIZE, (48, 64)))
        plan = evaluation_plan(random_weights(specs), data, Path(folder) / "run", device=str(setting.device), **options)
        profiler = Profiler()
        with setting.peak() as peak:
            start = time.perf_counter()
            run(plan, profiler)
            seconds = time.perf_counter() - start
    return {
        "models": list(specs),
        "frames": frames,
        "conditions": len(plan.conditions),
        "batch": setting.batch,
        "seconds": seconds,
        # Compilation and start are scaled, too: the result is at most too large.
        "minutes": seconds / 60 * FULL_FRAMES / frames,
        "note": "measured" if frames == FULL_FRAMES else f"scaled from {frames} to {FULL_FRAMES} frames",
        "peak_mib": peak["mib"],
        "phases_s": profiler.phases(),
    }


if __name__ == "__main__":
    sys.exit(main())
