"""The same training with several seeds: its configurations, and its validation scores over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

from robustbench_endo.io_utils import read_json
from robustbench_endo.models.checkpoint import CARD
from robustbench_endo.tasks.registry import TASKS
from robustbench_endo.training.config import TrainConfig


class SeedSummary(NamedTuple):
    """A validation score over seeds, in [0, 1]; ``sd`` (n - 1) is None for one seed."""

    mean: float
    sd: float | None
    seeds: int


def seed_configs(config: TrainConfig) -> list[TrainConfig]:
    """The configuration of each seed, in a folder ``seed<n>`` below ``config.out``; itself for one seed.

    >>> [(each.seed, each.out.name) for each in seed_configs(TrainConfig(seed=3, seeds=2))]
    [(3, 'seed3'), (4, 'seed4')]
    """
    if config.seeds == 1:
        return [config]
    seeds = range(config.seed, config.seed + config.seeds)
    return [replace(config, seed=seed, seeds=1, out=config.out / f"seed{seed}") for seed in seeds]


def validation_scores(folder: Path) -> dict[str, float]:
    """The validation scores of the saved epoch by metric, in [0, 1]; none without validation."""
    card = read_json(folder / CARD)["training"]
    names = [task.headline for task in reversed(TASKS)] if card.get("selection") else []
    return {name: card[name] for name in names if name in card}


def summarize_seeds(scores: Sequence[Mapping[str, float]]) -> dict[str, SeedSummary]:
    """Mean and standard deviation of each metric over seeds.

    >>> summarize_seeds([{"miou": 0.25}, {"miou": 0.75}])["miou"].mean
    0.5
    """
    names = dict.fromkeys(name for each in scores for name in each)
    values = {name: [each[name] for each in scores if name in each] for name in names}
    return {
        name: SeedSummary(mean(each), stdev(each) if len(each) > 1 else None, len(each))
        for name, each in values.items()
    }
