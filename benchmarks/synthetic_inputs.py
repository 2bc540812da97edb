"""Frames for benchmarks: drawn scenes on disk, as a data set in folders, and requests on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image
from torch import nn

from robustbench_endo.corruptions import load_suite
from robustbench_endo.data import FolderDataset
from robustbench_endo.data.synthetic import SyntheticScenes
from robustbench_endo.evaluation import Request
from robustbench_endo.models import SHIPPED, build, load_model

FULL_SIZE, FULL_FRAMES = (1009, 1306), 402
"""(height, width) and number of the frames of the paper's test set."""
TABLE7 = ("resnet101/dselect_k", "resnet101/mmoe", "endoarss/tesla")
"""The three columns of the paper's Table VII."""
_DISTINCT = 24


def on_disk(folder: Path, count: int, size: tuple[int, int]) -> FolderDataset:
    """``count`` PNG frames of ``size`` (height, width) with masks and activities; 24 scenes, then the same again."""
    scenes = SyntheticScenes(split="test", frames=min(count, _DISTINCT), size=size)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "classes.txt").write_text("\n".join(scenes.classes) + "\n", "utf-8")
    for number in range(len(scenes)):
        sample = scenes[number]
        assert sample.mask is not None
        assert sample.activity is not None
        pictures = {"image": sample.image.permute(1, 2, 0).numpy(), "mask": sample.mask.numpy()}
        for kind, pixels in pictures.items():
            place = folder / "test" / scenes.activities[sample.activity] / kind
            place.mkdir(parents=True, exist_ok=True)
            first = place / f"seq_{number // 6:02d}_frame_{number:04d}.png"
            Image.fromarray(pixels).save(first)
            for copy in range(number + _DISTINCT, count, _DISTINCT):
                (place / f"seq_{copy // 6:02d}_frame_{copy:04d}.png").hardlink_to(first)
    return FolderDataset(folder, "test")


def request(models: Mapping[str, nn.Module], data: FolderDataset, out: Path, **options: Any) -> Request:
    """What ``robust-endo evaluate`` would ask for: suite endo19, all conditions unless ``options`` say otherwise.

    Args:
        options: of :class:`robustbench_endo.evaluation.Request`; ``resolution`` instead of the suite's.
    """
    suite = load_suite("endo19")
    if "resolution" in options:
        suite = replace(suite, resolution=options.pop("resolution"))
    given = {"corruptions": suite.names, "severities": (1, 2, 3, 4, 5), **options}
    return Request(models=models, dataset=data, suite=suite, out=out, **given)


def shipped(count: int = len(SHIPPED)) -> dict[str, nn.Module]:
    """The first of the three small models that ship with the package."""
    return {name: load_model(name, weights="pretrained") for name in SHIPPED[:count]}


def random_weights(specs: Sequence[str]) -> dict[str, nn.Module]:
    """Fresh networks with 7 classes and 3 activities: no time depends on the values of the weights."""
    return {spec: build(spec, 7, 3).eval() for spec in specs}
