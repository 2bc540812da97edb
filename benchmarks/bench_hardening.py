"""Hardening and test-time adaptation on corruptions that were not trained on: a leave-one-group-out study.

    nice python benchmarks/bench_hardening.py --work /tmp/hardening

Synthetic scenes, a small network trained from nothing, three training seeds. For each category of corruptions a model
is trained on those of the other categories; plain, AugMix and PixMix train on none. The plain models are also adapted
at test time. Everything runs on one thread; an interrupted study is resumed.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import torch
from timing import machine, save_result

import robustbench_endo as rb
from robustbench_endo.corruptions import CATEGORIES
from robustbench_endo.results import Results, compare
from robustbench_endo.training import TrainConfig, train
from robustbench_endo.types import Dataset, Sample

SPEC = "tiny-resnet/hps@width=16,input_size=96x128"
SIZE = (96, 128)
FRAMES = {"train": 120, "test": 48}
SEEDS = (0, 1, 2)
RECIPE: dict[str, Any] = {"epochs": 16, "batch_size": 8, "learning_rate": 5e-3, "dice_weight": 1.0, "augment": "light"}
ARMS: dict[str, dict[str, Any]] = {
    "plain": {},
    "augmix": {"harden": "augmix"},
    "pixmix": {"harden": "pixmix"},
    **{f"without {group}": {"harden": "corruptions", "hold_out": group} for group in CATEGORIES},
}
SEVERITY = (4,)
ADAPTATIONS = ("bn", "tent", "memo@augmentations=4")


class Cached:
    """A data set whose frames are rendered once."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._samples: dict[int, Sample] = {}

    def __len__(self) -> int:
        return len(self._dataset)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dataset, name)

    def __getitem__(self, index: int) -> Sample:
        if index not in self._samples:
            self._samples[index] = self._dataset[index]
        return self._samples[index]


def trained_models(work: Path) -> dict[str, list[Any]]:
    """Arm -> its models, one per seed, trained where they are not there yet."""
    scenes = Cached(rb.load_dataset("synthetic", split="train", frames=FRAMES["train"], size=SIZE))
    for seed in SEEDS:
        for arm, options in ARMS.items():
            start = time.process_time()
            train(SPEC, scenes, None, TrainConfig(**RECIPE, **options, seed=seed), out=folder(work, arm, seed))
            print(f"{arm}, seed {seed}: {time.process_time() - start:.0f} s", flush=True)
    return {arm: [rb.load_model(str(folder(work, arm, seed))) for seed in SEEDS] for arm in ARMS}


def folder(work: Path, arm: str, seed: int) -> Path:
    """Checkpoint folder of a training."""
    return work / arm.replace(" ", "-") / f"seed{seed}"


def evaluated(models: dict[str, list[Any]], work: Path) -> list[Results]:
    """The run of all arms, and one run of the plain models for each adaptation."""
    scenes = Cached(rb.load_dataset("synthetic", split="test", frames=FRAMES["test"], size=SIZE))
    runs = []
    for spec in (None, *ADAPTATIONS):
        start = time.process_time()
        name = "unadapted" if spec is None else spec.partition("@")[0]
        selected = models if spec is None else {"plain": models["plain"]}
        options: dict[str, Any] = {"adapt": spec, "workers": 1, "device": "cpu", "gallery_frames": 0}
        runs.append(rb.evaluate(selected, scenes, "all", SEVERITY, out=work / "runs" / name, **options))
        print(f"evaluated, adaptation {spec}: {time.process_time() - start:.0f} s", flush=True)
    return runs


def differences_from_plain(runs: list[Results]) -> dict[str, dict[str, Any]]:
    """Arm -> clean, each category and all -> mIoU and its difference from plain in points."""
    seeds = by_seed(runs)
    table = compare(runs, ("miou",), "plain").differences
    rows: dict[str, dict[str, Any]] = {}
    for row in table[table["category"].isin(("clean", "mean"))].to_dict("records"):
        arm, name = row["model"], row["corruption"]
        of_seeds = [seeds[arm, seed][name] - seeds["plain", seed][name] for seed in SEEDS]
        numbers = {key: row[key] for key in ("value", "baseline", "difference", "low", "high", "p")}
        rows.setdefault(arm, {})[name] = {**numbers, "by_seed": of_seeds}
    return rows


def by_seed(runs: list[Results]) -> dict[tuple[str, int], dict[str, float]]:
    """Arm and seed -> mIoU in percent on clean frames, by category and over all corruptions."""
    scores: dict[tuple[str, int], dict[str, float]] = {}
    for results in runs:
        for model, table in results.scores().groupby("model", observed=True):
            miou = table.set_index("corruption")["miou"]
            categories = miou.index.map(lambda name, of=results.corruption_categories: of.get(name, "clean"))
            means = miou.groupby(categories).mean().to_dict()
            arm, _, seed = str(model).partition("/seed")
            scores[arm, int(seed)] = {**means, "all": float(miou.drop("clean").mean())}
    return scores


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints and runs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    models = trained_models(options.work)
    runs = evaluated(models, options.work)
    comparison = compare(runs, ("miou",), "plain")
    settings = {"model": SPEC, "frames": FRAMES, "seeds": SEEDS, "recipe": RECIPE, "severity": SEVERITY}
    about = {**machine("torch"), **settings, "adaptations": ADAPTATIONS, "statement": comparison.statement}
    content = {**about, "arms": differences_from_plain(runs)}
    print(save_result("hardening", content))
