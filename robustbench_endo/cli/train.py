"""``robust-endo train``."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from robustbench_endo.cli.command import command
from robustbench_endo.cli.compile_kernels import compile_for_training
from robustbench_endo.cli.config_options import config_options
from robustbench_endo.cli.output import counted
from robustbench_endo.cli.progress import progress_bar
from robustbench_endo.cli.verbosity import echo_note, verbosity_options
from robustbench_endo.config import to_toml
from robustbench_endo.interruption import resumable
from robustbench_endo.io_utils import writable_folder, write_atomically
from robustbench_endo.training.config import PRESETS, TrainConfig

if TYPE_CHECKING:
    from robustbench_endo.training import Hardware, Progress
    from robustbench_endo.training.seeds import SeedSummary
    from robustbench_endo.types import Dataset


@command(
    short="Train a model and write a checkpoint.",
    examples=(
        "robust-endo train --data data/endovis18 --out runs/mine",
        "robust-endo train --data data/endovis18 --validation 0.2 --seeds 5 -o runs/a",
        "robust-endo train --preset mtlesd --data mtlesd:DIR --model endoarss/tesla",
    ),
)
@config_options(TrainConfig, "train", PRESETS)
@verbosity_options
def train(config: TrainConfig) -> None:
    """Train a model on all labelled tasks and write a checkpoint for evaluate --model.

    The checkpoint folder also has the configuration (config.toml, for --config), the curves (history.csv) and the state
    to resume from. With --seeds 5 it has five such folders, which evaluate --model takes as one method.
    """
    if _is_first_process():
        echo_note("Loading data.")  # before imports that take seconds

    from robustbench_endo.evaluation.device import choose_device
    from robustbench_endo.training import Hardware
    from robustbench_endo.training.augmentation import inherited_corruptions, plan_hardening
    from robustbench_endo.training.seeds import seed_configs, summarize_seeds, validation_scores

    # Settings that contradict each other are reported before data are read.
    plan_hardening(config, before=inherited_corruptions(config.init_weights))
    hardware = Hardware(choose_device(config.device), config.devices, config.nodes, config.workers)
    configs = seed_configs(config)
    with resumable(config.out):
        for number, each in enumerate(configs, start=1):
            if len(configs) > 1 and _is_first_process():
                click.echo(f"Training {number} of {len(configs)}, seed {each.seed}, in {each.out}.")
            _train(each, hardware)
            if _is_first_process():
                _print_result(each.out)
    if _is_first_process():
        if len(configs) > 1:
            _print_seeds(summarize_seeds([validation_scores(each.out) for each in configs]))
        click.echo(
            f"Written: {config.out}. Evaluate it with: robust-endo evaluate --model {config.out} --data {config.data}"
        )


def _train(config: TrainConfig, hardware: Hardware) -> None:
    """Train with one seed."""
    from robustbench_endo.training import train as run
    from robustbench_endo.training.validate import ValidationSample

    training, held_out = _load_data(config)
    compile_for_training(training)
    if held_out is not None and _is_first_process() and (note := ValidationSample.of(held_out).note):
        echo_note(f"Note: {note}")
    if _is_first_process() and not (config.out / "state.pt").exists():
        write_atomically(writable_folder(config.out) / "config.toml", to_toml(config, "train").encode())
    with _progress() as progress:
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


def _load_data(config: TrainConfig) -> tuple[Dataset, Dataset | None]:
    """Training data and validation data."""
    from robustbench_endo.cli.resolve_inputs import load_data, training_split
    from robustbench_endo.data.concat import concatenate
    from robustbench_endo.training import split_by_subject

    dataset = _load_split(config, training_split(config.data, config.split))
    held_out: Dataset | None = None
    if isinstance(config.validation, str):
        held_out = _load_split(config, config.validation)
    elif config.validation is not None:
        dataset, held_out = split_by_subject(dataset, config.validation, config.seed)
    extra = [load_data(name, training_split(name, None), dataset.classes, None) for name in config.extra_data]
    return concatenate(dataset, extra), held_out


def _load_split(config: TrainConfig, split: str | None) -> Dataset:
    from robustbench_endo.cli.resolve_inputs import load_data

    return load_data(
        config.data,
        split,
        config.classes,
        config.subject_regex,
        label_map=config.label_map,
        assume_independent_frames=config.assume_independent_frames,
    )


def _print_result(out: Path) -> None:
    from robustbench_endo.training.seeds import validation_scores

    card = json.loads((out / "model.json").read_text("utf-8"))["training"]
    if missing := card["labels_without_example"]:
        click.echo(f"Note: no training frame has {', '.join(missing)}; the model cannot predict it.")
    if scores := [f"{name} {100 * value:.1f} %" for name, value in validation_scores(out).items()]:
        selection = card["selection"]
        sample = f"{counted(selection['frames'], 'frame')} of {counted(selection['subjects'], 'subject')}"
        click.echo(
            f"Validation of the selected epoch ({card['epoch'] + 1}, by {selection['metric']}) on {sample}: "
            f"{', '.join(scores)}."
        )


def _print_seeds(summaries: Mapping[str, SeedSummary]) -> None:
    """Print mean and standard deviation of the validation scores over seeds."""
    for name, (mean, sd, seeds) in summaries.items():
        deviation = "" if sd is None else f" ± {100 * sd:.1f} %"
        click.echo(f"Validation {name} over {counted(seeds, 'seed')}: {100 * mean:.1f}{deviation} (mean ± SD).")


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
