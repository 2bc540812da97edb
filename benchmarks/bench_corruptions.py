"""Corruptions on the CPU, one thread, 512 x 512: ours and imagecorruptions-imaug, interleaved.

Run with ``make bench`` or ``python benchmarks/bench_corruptions.py``; needs the extra ``imagecorruptions``.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import torch
from timing import interleave, machine, save_result

from robustbench_endo.corruptions import load_suite
from robustbench_endo.data.synthetic import SyntheticScenes

SIZE = 512
SEVERITY = 3


def main() -> None:
    """Measure, print and save."""
    warnings.simplefilter("ignore")
    import imagecorruptions

    torch.set_num_threads(1)
    suite = load_suite("endo19")
    frame = SyntheticScenes(split="test", frames=1, size=(SIZE, SIZE))[0].image
    batch = frame[None].float() / 255
    array = frame.permute(1, 2, 0).contiguous().numpy()
    shared = set(imagecorruptions.get_corruption_names("all"))
    rows = {}
    for name in suite.names:

        def ours(name: str = name) -> None:
            suite.corrupt(batch, name, SEVERITY, ["frame"])

        def theirs(name: str = name) -> None:
            if name in shared:
                imagecorruptions.corrupt(array, corruption_name=name, severity=SEVERITY)

        mine, other = interleave(ours, theirs, rounds=7, repeats=3)
        rows[name] = {"ours_ms": mine, "reference_ms": other if name in shared else None}
        ratio = f"{other / mine:6.1f}x" if name in shared else "      -"
        print(f"{name:20s} {mine:8.2f} ms {other if name in shared else np.nan:9.2f} ms {ratio}")
    ratios = [row["reference_ms"] / row["ours_ms"] for row in rows.values() if row["reference_ms"]]
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    print(f"geometric mean over {len(ratios)} shared: {mean:.1f}x, slowest {min(ratios):.1f}x")
    result = {"size": SIZE, "severity": SEVERITY, "threads": 1, "geometric_mean": mean, "corruptions": rows}
    print(save_result("corruptions_cpu", {**machine("torch", "numba", "numpy", "imagecorruptions-imaug"), **result}))


if __name__ == "__main__":
    main()
