"""``robust-endo train``."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from robustbench_endo.cli.config_options import config_options
from robustbench_endo.cli.errors import resumable
from robustbench_endo.cli.output import progress_bar
from robustbench_endo.config import to_toml
from robustbench_endo.io_utils import writable_folder, write_atomically
from robustbench_endo.training.config import PRESETS, TrainConfig

if TYPE_CHECKING:
    from robustbench_endo.training import Progress
    from robustbench_endo.types import Dataset


@click.command()
@config_options(TrainConfig, "train", PRESETS)
def train(config: TrainConfig) -> None:
    """Train a model on all labelled tasks and write a checkpoint for evaluate --model.

    The checkpoint folder also has the configuration (config.toml, for --config), the curves (history.csv) and the state
    to resume from.
    """
    from robustbench_endo.evaluation.device import choose_device
    from robustbench_endo.training import Hardware
    from robustbench_endo.training import train as run

    hardware = Hardware(choose_device(config.device), config.devices, config.nodes, config.workers)
    training, held_out = _load_data(config)
    if _is_first_process() and not (config.out / "state.pt").exists():
        write_atomically(writable_folder(config.out) / "config.toml", to_toml(config, "train").encode())
    with resumable(config.out), _progress() as progress:
        run(
            config.model,
            training,
            held_out,
            config,
            out=config.out,
            hardware=hardware,
            init_weights=config.init_weights,
            loggers=config.loggers,
            progress=progress,
        )
    if _is_first_process():
        _print_result(config.out, config.data)


def _load_data(config: TrainConfig) -> tuple[Dataset, Dataset | None]:
    """Training data and validation data."""
    from robustbench_endo.cli.resolve_inputs import load_data, training_split
    from robustbench_endo.data.concat import concatenate
    from robustbench_endo.training import split_by_subject

    def load(split: str | None) -> Dataset:
        return load_data(config.data, split, config.classes, config.subject_regex)

    dataset: Dataset = load(training_split(config.data, config.split))
    held_out: Dataset | None = None
    if isinstance(config.validation, str):
        held_out = load(config.validation)
    elif config.validation is not None:
        dataset, held_out = split_by_subject(dataset, config.validation, config.seed)
    extra = [load_data(name, training_split(name, None), dataset.classes, None) for name in config.extra_data]
    return concatenate(dataset, extra), held_out


def _print_result(out: Path, data: str) -> None:
    from robustbench_endo.tasks.registry import TASKS

    card = json.loads((out / "model.json").read_text("utf-8"))["training"]
    if missing := card["labels_without_example"]:
        click.echo(f"Note: no training frame has {', '.join(missing)}; the model cannot predict it.")
    names = [task.headline for task in reversed(TASKS)]
    if scores := [f"{name} {100 * card[name]:.1f} %" for name in names if name in card]:
        click.echo(f"Validation of the selected epoch ({card['epoch'] + 1}): {', '.join(scores)}.")
    click.echo(f"Written: {out}. Evaluate it with: robust-endo evaluate --model {out} --data {data}")


@contextmanager
def _progress() -> Iterator[Callable[[Progress], None] | None]:
    """A progress bar; only the first process of a run on several devices has one."""
    if not _is_first_process():
        yield None
        return
    with progress_bar("Training", "steps") as advance:
        yield lambda step: advance(step.epoch * step.batches + step.batch, step.epochs * step.batches)


def _is_first_process() -> bool:
    return int(os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0"))) == 0
