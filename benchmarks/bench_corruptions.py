"""Corruptions on the CPU, one thread: ours and those of other packages, as CPU time, taking turns in one process.

Ours through the public call with 8-bit images, as users call it, and with floating tensors. Lengths are pixels of the
image, as in the other packages; those of ``scaled`` are of the suite endo19 and grow with the image. Run with ``make
bench`` or ``python benchmarks/bench_corruptions.py``; needs the extra ``imagecorruptions``, and compares with those of
albumentations, OpenCV and kornia that are installed.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import time
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import cv2
import numpy as np
import torch
from corruption_peers import peers
from timing import machine, save_result

from robustbench_endo.corruptions import corrupt, load_suite
from robustbench_endo.data.synthetic import SyntheticScenes

SIZES = ((512, 512), (1024, 1280))
TARGET = 10.0
"""How many times as fast as imagecorruptions, in the geometric mean."""

Times = dict[str, float]


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description="Time corruptions against other packages on one CPU thread.")
    parser.add_argument("--severities", type=int, nargs="+", default=[1, 3, 5])
    parser.add_argument("--rounds", type=int, default=3, help="timed calls of each side; the fastest counts")
    parser.add_argument("--corruptions", default="all", help="names or categories of corruptions")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    names = load_suite("endo19").select(options.corruptions)
    sizes = {f"{h} x {w}": _measure(names, (h, w), options.severities, options.rounds) for h, w in SIZES}
    packages = (
        "torch",
        "numba",
        "numpy",
        "pillow",
        "imagecorruptions-imaug",
        "albumentations",
        "opencv-python",
        "kornia",
    )
    result = {"threads": 1, "severities": options.severities, "target": TARGET, "sizes": sizes}
    quick = options.corruptions != "all" or options.severities != [1, 3, 5]
    print(save_result("corruptions_cpu", {**machine(*filter(_installed, packages)), **result}, quick))


def _installed(package: str) -> bool:
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def _measure(names: Sequence[str], size: tuple[int, int], severities: Sequence[int], rounds: int) -> dict[str, Any]:
    array = SyntheticScenes(split="test", frames=1, size=size)[0].image.permute(1, 2, 0).contiguous().numpy()
    print(f"\n{size[0]} x {size[1]}, CPU time in ms, mean of severities {severities}")
    rows: dict[str, Times] = {}
    for name in names:
        by_severity = [_fastest(_sides(name, severity, array), rounds) for severity in severities]
        rows[name] = {side: float(np.mean([times[side] for times in by_severity])) for side in by_severity[0]}
        print(f"{name:18s}", "  ".join(f"{side} {ms:.2f}" for side, ms in rows[name].items()), flush=True)
    means = {side: _geometric_mean(rows, side) for side in ("ours", "scaled", "float")}
    slower = {name: peer for name, row in rows.items() if (peer := _faster_peer(row)) is not None}
    print("times as fast as imagecorruptions:", {side: round(mean, 1) for side, mean in means.items()})
    print("slower than a peer:", slower or "none")
    return {"geometric_mean": means, "slower": slower, "corruptions": rows}


def _sides(name: str, severity: int, array: np.ndarray) -> dict[str, Callable[[], Any]]:
    import imagecorruptions

    scaled = load_suite("endo19")
    native = dataclasses.replace(scaled, reference_size=None)
    batch = torch.from_numpy(array).permute(2, 0, 1)[None].float().div(255).contiguous()
    sides: dict[str, Callable[[], Any]] = {
        "ours": lambda: corrupt(array, name, severity, suite=native),
        "scaled": lambda: corrupt(array, name, severity, suite=scaled),
        "float": lambda: native.corrupt(batch, name, severity, ["frame"]),
    }
    if name in imagecorruptions.get_corruption_names("all"):
        sides["imagecorruptions"] = lambda: imagecorruptions.corrupt(array, corruption_name=name, severity=severity)
    return sides | peers(name, severity, array)


def _fastest(sides: dict[str, Callable[[], Any]], rounds: int) -> Times:
    """The shortest CPU time of each side in ms; the sides take turns."""
    times: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side, call in sides.items():
            call()  # brings the data and the code of this side into the caches
            start = time.process_time()
            call()
            times[side].append((time.process_time() - start) * 1e3)
    return {side: min(values) for side, values in times.items()}


def _geometric_mean(rows: dict[str, Times], side: str) -> float:
    ratios = [row["imagecorruptions"] / row[side] for row in rows.values() if "imagecorruptions" in row]
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else math.nan


def _faster_peer(row: Times) -> str | None:
    others = {side: ms for side, ms in row.items() if side not in ("ours", "scaled", "float")}
    if not others:
        return None
    peer = min(others, key=others.__getitem__)
    return f"{peer} {row['ours'] / others[peer]:.1f}x" if others[peer] < row["ours"] else None


if __name__ == "__main__":
    main()
