"""The drop-in for imagecorruptions and the package, as CPU time of one thread, taking turns in one process.

The same calls of both: ``corrupt(image, severity, corruption_name)`` with a uint8 image. Run with
``python benchmarks/bench_drop_in.py``; needs the extra ``imagecorruptions``. docs/transforms.md and the README have
numbers of the result.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from collections.abc import Callable
from typing import Any

import cv2
import torch
from timing import machine, save_result

from robustbench_endo.corruptions import imagecorruptions_api
from robustbench_endo.data.synthetic import SyntheticScenes

SIZE = (512, 512)


def main() -> None:
    """Measure, print and save."""
    import imagecorruptions

    parser = argparse.ArgumentParser(description="Time the drop-in against imagecorruptions on one CPU thread.")
    parser.add_argument("--severities", type=int, nargs="+", default=[1, 3, 5])
    parser.add_argument("--rounds", type=int, default=3, help="timed calls of each side; the fastest counts")
    parser.add_argument("--corruptions", nargs="+", default=imagecorruptions_api.get_corruption_names("all"))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    image = SyntheticScenes(split="test", frames=1, size=SIZE)[0].image.permute(1, 2, 0).contiguous().numpy()
    sides = {"ours": imagecorruptions_api.corrupt, "imagecorruptions": imagecorruptions.corrupt}
    rows: dict[str, dict[str, float]] = {}
    for name in options.corruptions:
        rows[name] = dict.fromkeys(sides, 0.0)
        for severity in options.severities:
            for side, milliseconds in _fastest(sides, options.rounds, image, severity, name).items():
                rows[name][side] += milliseconds / len(options.severities)
        rows[name]["ratio"] = rows[name]["imagecorruptions"] / rows[name]["ours"]
        print(f"{name:18s}", "  ".join(f"{side} {value:.2f}" for side, value in rows[name].items()), flush=True)
    ratios = [row["ratio"] for row in rows.values()]
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    print(f"times as fast, geometric mean: {mean:.1f}")
    packages = ("torch", "numba", "numpy", "pillow", "imagecorruptions-imaug", "opencv-python", "scikit-image")
    settings = {"threads": 1, "size": list(SIZE), "severities": options.severities, "geometric_mean": mean}
    quick = len(rows) < len(imagecorruptions_api.get_corruption_names("all"))
    print(save_result("drop_in_cpu", {**machine(*packages), **settings, "corruptions": rows}, quick))


def _fastest(sides: dict[str, Callable[..., Any]], rounds: int, *arguments: Any) -> dict[str, float]:
    """The shortest CPU time of each side in ms; the sides take turns."""
    times: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side, call in sides.items():
            call(*arguments)  # brings the data and the code of this side into the caches
            start = time.process_time()
            call(*arguments)
            times[side].append((time.process_time() - start) * 1e3)
    return {side: min(values) for side, values in times.items()}


if __name__ == "__main__":
    main()
