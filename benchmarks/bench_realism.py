"""Realism on real frames: smoke beside real pairs and other packages, order of the severities, the scope's surround.

``python benchmarks/bench_realism.py --data DIR``: a folder with smoke_pairs, endovis15, endovis18 and endovis15_video.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # no request to a server

from realism_frames import borderless, scenes, scopes
from severity_order import severity_order
from smoke_peers import POOLED, missing, syntheses
from surround_checks import borderless_frames, surround_changes
from timing import machine, save_result

from robustbench_endo.corruptions import corrupt
from robustbench_endo.realism.comparison import (
    Measurements,
    Synthesis,
    compare_measurements,
    measure_conditions,
    without_nan,
)
from robustbench_endo.realism.pairs import Pair, read_pairs
from robustbench_endo.realism.smoke_statistics import FIT_SEQUENCES, SAME_SCENE

SHORT_SIDE = 256
MOST_VIOLATIONS = 0.02
WHOLE_FRAME = ("jpeg_compression", "pixelate")  # the codec is behind the processor that adds the surround
PACKAGES = ("torch", "numpy", "scipy", "cv2", "albumentations", "imagecorruptions")


def smoke(data: Path, draws: int) -> dict[str, Any]:
    """Statistics of real smoke, of ours and of other packages', on all sequences and on those that were not fitted."""
    pairs = read_pairs(data / "smoke_pairs")
    measured = measure_smoke(pairs)
    groups = sequence_groups({pair.sequence for pair in pairs})
    tables = {group: compare_measurements(measured, draws, names) for group, names in groups.items()}
    by_scene = compare_measurements(with_scenes(measured), draws)
    return {
        "pairs": len(pairs),
        "draws": draws,
        "sequences": {group: sorted(names) for group, names in groups.items()},
        "not_installed": missing(),
        "tables": {group: without_nan(table) for group, table in tables.items()},
        "scenes": len({SAME_SCENE.get(pair.sequence, pair.sequence) for pair in pairs}),
        "auc_by_scene": {name: row["auc"] for name, row in by_scene.items() if "auc" in row},
    }


def sequence_groups(sequences: set[str]) -> dict[str, set[str]]:
    """The sequences of each table."""
    held_out = sequences - set(FIT_SEQUENCES)
    groups = {"all": sequences, "fitted": sequences & set(FIT_SEQUENCES), "held-out": held_out}
    return groups | {"other scenes": held_out - set(SAME_SCENE)}


def with_scenes(measured: Measurements) -> Measurements:
    """The same frames, where sequences of one scene are one unit of the intervals and of the classifier."""
    return {
        name: [replace(item, sequence=SAME_SCENE.get(item.sequence, item.sequence)) for item in items]
        for name, items in measured.items()
    }


def measure_smoke(pairs: list[Pair]) -> Measurements:
    """Severities 1 to 5, 2 to 4 together, and other packages."""
    measured = measure_conditions(pairs, {f"severity {level}": _ours(level) for level in range(1, 6)})
    measured["severities 2-4"] = [item for level in POOLED for item in measured[f"severity {level}"]]
    for name, parts in syntheses().items():
        peer = measure_conditions(pairs, {str(number): part for number, part in enumerate(parts)})
        measured[name] = [item for number in range(len(parts)) for item in peer[str(number)]]
    return measured


def _ours(severity: int) -> Synthesis:
    return lambda frame, image_id: corrupt(frame, "smoke", severity, ids=image_id)


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the real frames; nothing is measured without")
    parser.add_argument("--draws", type=int, default=200, help="resamples of the intervals")
    parser.add_argument("--quick", action="store_true", help="save to the temporary folder")
    options = parser.parse_args()
    data: Path | None = options.data
    if data is None or not (data / "smoke_pairs" / "pairs.csv").is_file():
        print(f"Skipped: expected --data with a folder that has smoke_pairs/pairs.csv, got {data}.")
        return
    sections: dict[str, Callable[[], Any]] = {
        "smoke": lambda: smoke(data, options.draws),
        "monotone": lambda: {"short_side": SHORT_SIDE, "corruptions": severity_order(scenes(data, SHORT_SIDE))},
        "surround": lambda: borderless_frames(borderless(data)) | {"scopes": surround_changes(scopes(data))},
    }
    result: dict[str, Any] = machine(*(packages_distributions()[name][0] for name in PACKAGES if find_spec(name)))
    for name, section in sections.items():
        start = time.process_time()
        result[name] = section()
        print(f"{name}: {time.process_time() - start:.0f} s of CPU time", flush=True)
    print(save_result("realism", result, options.quick))
    if missed := missed_promises(result):
        sys.exit("\n".join(missed))


def missed_promises(result: dict[str, Any]) -> list[str]:
    """What is promised of severities and surrounds and does not hold, a sentence each."""
    missed = []
    for name, measures in result["monotone"]["corruptions"].items():
        for key, item in measures.items():
            if not item["monotone"] or item["violations"] > MOST_VIOLATIONS * item["steps"]:
                missed.append(
                    f"{name}: {key} is not monotone, or {item['violations']} of {item['steps']} steps are not."
                )
    surround = result["surround"]
    if surround["with_area"] * 200 > surround["frames"]:
        missed.append(f"A content area in {surround['with_area']} of {surround['frames']} frames without a surround.")
    for name, change in surround["scopes"]["largest_change"].items():
        if change and name not in WHOLE_FRAME:
            missed.append(f"{name} changes the surround by {change} levels.")
    return missed


if __name__ == "__main__":
    main()
