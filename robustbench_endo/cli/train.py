"""``robust-endo train``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from robustbench_endo.cli.group import INTERRUPTED
from robustbench_endo.cli.loading import load_data, training_split
from robustbench_endo.cli.options import data_options, names
from robustbench_endo.cli.progress import progress_bar
from robustbench_endo.cli.train_options import setting_options, settings_of, validation_of

if TYPE_CHECKING:
    from robustbench_endo.training import Progress
    from robustbench_endo.types import Dataset


@click.command()
@click.option("--model", "-m", default="tiny-resnet/mmoe", help="backbone/architecture, see robust-endo models.")
@data_options
@click.option("--validation", help="Frames that choose the epoch: a share of the groups (0.2), or a split (val).")
@click.option("--extra", multiple=True, help="Further training data with the same labels, such as synthesised frames.")
@setting_options
@click.option("--train-corruption", help="Train on these corruptions, too; the others stay held out.")
@click.option("--corruption-share", default=0.5, type=float, help="Of the frames that --train-corruption damages.")
@click.option("--initial", help="Start from these weights: a checkpoint folder, or pretrained for the shipped ones.")
@click.option("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")
@click.option("--devices", default=1, type=click.IntRange(1), help="Devices of that kind, on every node.")
@click.option("--nodes", default=1, type=click.IntRange(1), help="Machines, as started by torchrun or Slurm.")
@click.option("--workers", type=click.IntRange(1), help="Threads that augment.  [default: 1; beside a GPU up to 8]")
@click.option("--log", default="tensorboard", help="tensorboard, mlflow, wandb (several by comma), or none.")
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path),
    default=Path("runs/train"),
    help="Checkpoint folder; an interrupted training there is resumed.",
)
def train(
    model: str,
    data: str,
    split: str | None,
    classes: str | None,
    group_regex: str | None,
    validation: str | None,
    extra: tuple[str, ...],
    preset: str | None,
    train_corruption: str | None,
    corruption_share: float,
    initial: str | None,
    device: str,
    devices: int,
    nodes: int,
    workers: int | None,
    log: str,
    out: Path,
    **given: Any,
) -> None:
    """Train a model on both tasks and write a checkpoint that evaluate --model takes."""
    from robustbench_endo.api import corruption_augmentation
    from robustbench_endo.data.joined import joined
    from robustbench_endo.evaluation import choose_device
    from robustbench_endo.training import Hardware
    from robustbench_endo.training import train as run

    place = choose_device(device)
    augmented = (
        corruption_augmentation(train_corruption, corruption_share, seed=given["seed"] or 0)
        if train_corruption
        else (None, ())
    )
    corrupt, trained_on = augmented
    settings = settings_of(preset, trained_on, given)
    label_names = names(classes)
    dataset = load_data(data, training_split(data, split), label_names, group_regex)
    dataset, held_out = _held_out(
        dataset, validation, lambda name: load_data(data, name, label_names, group_regex), settings.seed
    )
    more = [load_data(name, training_split(name, None), dataset.classes, None) for name in extra]
    try:
        with _bar() as advance:
            run(
                model,
                joined(dataset, more),
                held_out,
                settings,
                out=out,
                hardware=Hardware(place, devices, nodes, workers),
                initial=initial,
                corrupt=corrupt,
                log=() if log == "none" else names(log) or (),
                progress=advance,
            )
    except KeyboardInterrupt:
        click.echo(f"Interrupted: finished epochs are kept in {out}; the same command goes on from there.", err=True)
        sys.exit(INTERRUPTED)
    if _first_process():
        _say(out, data)


def _held_out(
    dataset: Dataset, validation: str | None, load: Callable[[str], Dataset], seed: int
) -> tuple[Dataset, Dataset | None]:
    """What is trained on and what is held out."""
    from robustbench_endo.training import split_by_group

    chosen = validation_of(validation)
    if isinstance(chosen, float):
        return split_by_group(dataset, chosen, seed)
    return dataset, load(chosen) if chosen else None


def _say(out: Path, data: str) -> None:
    card = json.loads((out / "model.json").read_text("utf-8"))["training"]
    if missing := card["labels_without_example"]:
        click.echo(f"Note: no training frame shows {', '.join(missing)}; the model cannot know it.")
    if scores := [f"{name} {100 * card[name]:.1f} %" for name in ("miou", "accuracy") if name in card]:
        click.echo(f"Validation of the epoch that was kept ({card['epoch'] + 1}): {', '.join(scores)}.")
    click.echo(f"Written: {out}. Evaluate it with: robust-endo evaluate --model {out} --data {data}")


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None] | None]:
    """A progress bar; the further processes of a run on several devices have none."""
    if not _first_process():
        yield None
        return
    with progress_bar("Training", "steps") as advance:
        yield lambda step: advance(step.epoch * step.batches + step.batch, step.epochs * step.batches)


def _first_process() -> bool:
    return int(os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0"))) == 0
