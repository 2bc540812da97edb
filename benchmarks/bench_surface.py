"""HD, HD95, ASSD and NSD of 7 classes, one thread: ours, scipy, OpenCV, MONAI and torchmetrics in one run."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from label_maps import CLASSES, Pair, regions, scene
from surface_peers import by_torchmetrics, present
from timing import interleave, machine, save_result

from robustbench_endo.metrics import surface_distances

LARGE = ((1009, 1306), (2160, 3840))


def compare_peers(pair: Pair) -> dict[str, float]:
    """Median milliseconds of every package on one pair of maps, each interleaved with ours."""
    pred, target = (labels[0].numpy() for labels in pair)
    times: dict[str, float] = {}
    for name, peer in present().items():
        ours, theirs = interleave(
            lambda: surface_distances(*pair, CLASSES), lambda peer=peer: peer(pred, target, CLASSES), rounds=3
        )
        times[name] = theirs
        times["ours"] = min(ours, times.get("ours", ours))
    return times


def torchmetrics_on_small(side: int = 96) -> dict[str, float]:
    """Milliseconds on square maps small enough for its matrix of pixel pairs."""
    pair = regions((side, side))
    pred, target = (labels[0].numpy() for labels in pair)
    ours, theirs = interleave(
        lambda: surface_distances(*pair, CLASSES), lambda: by_torchmetrics(pred, target, CLASSES), rounds=3
    )
    return {"side": side, "ours": ours, "torchmetrics": theirs}


def large() -> dict[str, dict[str, float]]:
    """Milliseconds on large random maps, and MiB by which the peak memory of the process grew in the call."""
    rows = {}
    surface_distances(*regions((64, 64)), CLASSES)  # without the memory of the compiler
    for size in LARGE:
        pair = regions(size)
        before = _peak_mib(reset=True)
        surface_distances(*pair, CLASSES)
        grown = _peak_mib() - before
        ours, _ = interleave(lambda pair=pair: surface_distances(*pair, CLASSES), lambda: None, rounds=3)
        rows[f"{size[0]}x{size[1]}"] = {"ours": ours, "memory_mib": grown}
    return rows


def _peak_mib(reset: bool = False) -> float:
    """The largest resident memory of the process since the last reset; NaN where the system does not report it."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def main() -> None:
    """Measure, print and save."""
    torch.set_num_threads(1)
    result: dict[str, Any] = {"size": [512, 640], "classes": CLASSES, "unit": "ms"}
    result["large"] = large()  # first: the peers would raise the peak of the memory
    result |= {"scene": compare_peers(scene()), "regions": compare_peers(regions())}
    if find_spec("torchmetrics"):
        result["small"] = torchmetrics_on_small()
    for name, times in result.items():
        if isinstance(times, dict):
            print(name, times)
    packages = [name for name in ("torch", "numba", "numpy", "scipy", "monai", "torchmetrics") if find_spec(name)]
    print(save_result("surface_cpu", {**machine(*packages), **result}))


if __name__ == "__main__":
    main()
