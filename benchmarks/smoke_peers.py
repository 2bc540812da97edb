"""Fog and smoke of other packages, at the strengths that they have by default.

``python benchmarks/smoke_peers.py --data DIR [--carts CHECKOUT]`` measures what bench_realism.py does not, on the same
pairs: nrtk, in an environment with it, and CaRTS, a checkout of github.com/hding2455/CaRTS.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import random
import zlib
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from timing import machine, save_result

from robustbench_endo.realism.comparison import REAL, Synthesis, compare_measurements, measure_conditions, without_nan
from robustbench_endo.realism.pairs import Pair, read_pairs
from robustbench_endo.realism.smoke_statistics import FIT_SEQUENCES, SAME_SCENE

POOLED = (2, 3, 4)

MODULES = {
    "imagecorruptions fog 2-4": "imagecorruptions",
    "albumentations RandomFog": "albumentations",
}
"""Column of the table -> module."""

CARTS_STRENGTH = 0.3
"""``smoke_aug`` of every configuration of CaRTS."""


def missing() -> list[str]:
    """The columns whose package is not installed."""
    return [name for name, module in MODULES.items() if find_spec(module) is None]


def syntheses() -> dict[str, list[Synthesis]]:
    """Column -> the syntheses that are pooled in it, of the installed packages that have one here."""
    columns = {}
    if find_spec("imagecorruptions") is not None:
        columns["imagecorruptions fog 2-4"] = [_imagecorruptions(severity) for severity in POOLED]
    if find_spec("albumentations") is not None:
        columns["albumentations RandomFog"] = [_random_fog]
    return columns


def _imagecorruptions(severity: int) -> Synthesis:
    package = importlib.import_module("imagecorruptions")

    def fog(frame: np.ndarray, image_id: str) -> np.ndarray:
        np.random.seed(zlib.crc32(image_id.encode()))  # noqa: NPY002 the package has no other source of noise
        result: np.ndarray = package.corrupt(frame, severity=severity, corruption_name="fog").astype(np.uint8)
        return result

    return fog


def _random_fog(frame: np.ndarray, image_id: str) -> np.ndarray:
    package = importlib.import_module("albumentations")
    transform = package.Compose([package.RandomFog(p=1)], seed=zlib.crc32(image_id.encode()))
    result: np.ndarray = transform(image=frame)["image"]
    return result


def haze(factor: float = 1.0, sky: list[float] | None = None) -> Synthesis:
    """nrtk's haze without a depth map: the same optical depth everywhere, by default 1 towards the mean colour."""
    package = importlib.import_module("nrtk.impls.perturb_image.environment")

    def perturb(frame: np.ndarray, image_id: str) -> np.ndarray:
        result: np.ndarray = package.HazePerturber(factor=factor).perturb(image=frame, sky_color=sky)[0]
        return result

    return perturb


def carts(checkout: Path) -> Synthesis:
    """The smoke with which CaRTS trains, on every frame."""
    # Only this file: the package around it needs a robot simulator.
    spec = importlib.util.spec_from_file_location("carts_utils", checkout / "datasets" / "utils.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def smoke(frame: np.ndarray, image_id: str) -> np.ndarray:
        random.seed(zlib.crc32(image_id.encode()))
        np.random.seed(zlib.crc32(image_id.encode()))  # noqa: NPY002 the package has no other source of noise
        noise = module.SmokeNoise(frame.shape[:2], smoke_aug=CARTS_STRENGTH, p=1.0)
        image = noise(torch.from_numpy(frame.copy()).permute(2, 0, 1).float() / 255)
        result: np.ndarray = (image * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
        return result

    return smoke


def main() -> None:
    """Measure nrtk and CaRTS, and save what docs/realism.md shows beside the outcome of bench_realism.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with smoke_pairs")
    parser.add_argument("--carts", type=Path, help="checkout of CaRTS")
    parser.add_argument("--commit", help="commit of the checkout, to be recorded")
    parser.add_argument("--draws", type=int, default=200, help="resamples of the intervals")
    parser.add_argument("--quick", action="store_true", help="save to the temporary folder")
    options = parser.parse_args()
    pairs = read_pairs(options.data / "smoke_pairs")
    columns: dict[str, Synthesis] = {}
    peers: dict[str, dict[str, Any]] = {}
    if find_spec("nrtk") is not None:
        fitted = fitted_haze(pairs)
        columns |= {"nrtk Haze": haze(), "nrtk Haze, fitted": haze(**fitted)}
        peers["nrtk Haze"] = {"version": version("nrtk"), "factor": 1.0}
        peers["nrtk Haze, fitted"] = {"version": version("nrtk"), **fitted}
    if options.carts is not None:
        columns["CaRTS smoke"] = carts(options.carts)
        peers["CaRTS smoke"] = {"version": options.commit, "smoke_aug": CARTS_STRENGTH, "p": 1.0}
    result = (
        machine("torch", "numpy") | {"peers": peers, "draws": options.draws} | measure(pairs, columns, options.draws)
    )
    print(save_result("smoke_peers", result, options.quick))


def measure(pairs: list[Pair], columns: dict[str, Synthesis], draws: int) -> dict[str, Any]:
    """The tables of all and of the held-out sequences, and the classifier's area by scene."""
    measured = measure_conditions(pairs, columns)
    sequences = {pair.sequence for pair in pairs}
    groups = {"all": sequences, "held-out": sequences - set(FIT_SEQUENCES)}
    tables = {group: compare_measurements(measured, draws, names) for group, names in groups.items()}
    by_scene = {
        name: [replace(item, sequence=SAME_SCENE.get(item.sequence, item.sequence)) for item in items]
        for name, items in measured.items()
    }
    return {
        "tables": {group: without_nan({name: table[name] for name in columns}) for group, table in tables.items()},
        "auc_by_scene": {
            name: row["auc"] for name, row in compare_measurements(by_scene, draws).items() if name in columns
        },
    }


def fitted_haze(pairs: list[Pair]) -> dict[str, Any]:
    """The mean optical depth and the airlight of the sequences that our smoke was fitted to."""
    real = compare_measurements(measure_conditions(pairs, {}), 20, set(FIT_SEQUENCES))[REAL]
    sky = [round(255 * real[f"airlight_{colour}"][0], 1) for colour in ("red", "green", "blue")]
    return {"factor": round(real["depth_mean"][0], 3), "sky": sky}


if __name__ == "__main__":
    main()
