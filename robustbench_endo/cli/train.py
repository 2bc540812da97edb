"""``robust-endo train``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from robustbench_endo.cli.errors import INTERRUPTED
from robustbench_endo.cli.options import data_options, names
from robustbench_endo.cli.output import progress_bar
from robustbench_endo.cli.resolve_inputs import load_data, training_split
from robustbench_endo.errors import RobustEndoError

if TYPE_CHECKING:
    from robustbench_endo.training import Progress, TrainConfig
    from robustbench_endo.types import Dataset


F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--preset", help="Hyper-parameters of the paper: mtlesd or mtlendovis; other options replace them."),
    click.option("--epochs", type=click.IntRange(1), help="Passes over the training frames.  [default: 100]"),
    click.option("--batch-size", type=click.IntRange(1), help="Frames a step, over all devices.  [default: 8]"),
    click.option("--learning-rate", "--lr", type=float, help="Of Adam.  [default: 0.002]"),
    click.option("--schedule", help="Of the learning rate: cosine or constant.  [default: cosine]"),
    click.option("--seed", type=int, help="Of initial weights, order and augmentation.  [default: 0]"),
    click.option("--augment", help="surgical, light, none, or a TOML file.  [default: surgical]"),
    click.option("--augmix/--no-augmix", default=None, help="Chained-augmentation mixing (AugMix).  [default: no-mix]"),
    click.option("--weighting", help="equal, moco, aligned_mtl, stch, db_mtl, torchjd:NAME.  [default: equal]"),
    click.option("--activity-weight", type=float, help="Of the activity's loss.  [default: 0.5]"),
    click.option("--dice-weight", type=float, help="Of a soft Dice loss.  [default: 0]"),
    click.option("--class-weights", help="Of the pixels' labels: sqrt or none.  [default: sqrt]"),
    click.option("--grad-clip", type=float, help="Largest gradient norm, 0 = none.  [default: 1]"),
    click.option("--precision", help="32-true, bf16-mixed, 16-mixed or bf16-true.  [default: 32-true]"),
    click.option("--grad-accum", type=click.IntRange(1), help="Parts that a batch is run in.  [default: 1]"),
    click.option("--patience", type=click.IntRange(0), help="Epochs without a better validation; 0 = all."),
    click.option("--activation-checkpointing/--no-activation-checkpointing", default=None, help="Less memory, slower."),
)


def setting_options(command: F) -> F:
    """The options; they arrive under the names of the fields of ``TrainConfig``, None where they were not given."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def settings_of(preset: str | None, corruptions: Sequence[str], given: dict[str, Any]) -> TrainConfig:
    """The preset, or the defaults, with what was given on the command line.

    Raises:
        RobustEndoError: an unknown preset or a setting outside its range.
    """
    from robustbench_endo.training import TrainConfig
    from robustbench_endo.training import settings as presets

    base = presets.preset(preset) if preset else TrainConfig()
    chosen = {name: value for name, value in given.items() if value is not None}
    return replace(base, corruptions=tuple(corruptions), **chosen)


def validation_of(text: str | None) -> float | str | None:
    """``--validation``: a share of the subjects, the name of a split, or None.

    Raises:
        RobustEndoError: a number outside (0, 1).
    """
    if text is None or text == "none":
        return None
    try:
        share = float(text)
    except ValueError:
        return text
    if not 0 < share < 1:
        raise RobustEndoError(
            f"Expected a validation share between 0 and 1 or the name of a split, got {text}: change --validation."
        )
    return share


@click.command()
@click.option("--model", "-m", default="tiny-resnet/mmoe", help="backbone/architecture, see robust-endo models.")
@data_options
@click.option("--validation", help="Frames that choose the epoch: a share of the subjects (0.2), or a split (val).")
@click.option(
    "--extra-data", multiple=True, help="Further training data with the same labels, such as synthesised frames."
)
@setting_options
@click.option("--train-corruption", help="Train on these corruptions, too; the others stay held out.")
@click.option("--corruption-prob", default=0.5, type=float, help="Of the frames that --train-corruption damages.")
@click.option(
    "--init-weights", help="Start from these weights: a checkpoint folder, or pretrained for the shipped ones."
)
@click.option("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")
@click.option("--devices", default=1, type=click.IntRange(1), help="Devices of that kind, on every node.")
@click.option("--nodes", default=1, type=click.IntRange(1), help="Machines, as started by torchrun or Slurm.")
@click.option("--workers", type=click.IntRange(1), help="Threads that augment.  [default: 1; beside a GPU up to 8]")
@click.option("--logger", default="tensorboard", help="tensorboard, mlflow, wandb (several by comma), or none.")
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
    subject_regex: str | None,
    validation: str | None,
    extra_data: tuple[str, ...],
    preset: str | None,
    train_corruption: str | None,
    corruption_prob: float,
    init_weights: str | None,
    device: str,
    devices: int,
    nodes: int,
    workers: int | None,
    logger: str,
    out: Path,
    **given: Any,
) -> None:
    """Train a model on both tasks and write a checkpoint that evaluate --model takes."""
    from robustbench_endo.api import corruption_augmentation
    from robustbench_endo.data.concat import joined
    from robustbench_endo.evaluation import choose_device
    from robustbench_endo.training import Hardware
    from robustbench_endo.training import train as run

    place = choose_device(device)
    augmented = (
        corruption_augmentation(train_corruption, corruption_prob, seed=given["seed"] or 0)
        if train_corruption
        else (None, ())
    )
    corrupt, trained_on = augmented
    settings = settings_of(preset, trained_on, given)
    label_names = names(classes)
    dataset = load_data(data, training_split(data, split), label_names, subject_regex)
    dataset, held_out = _held_out(
        dataset, validation, lambda name: load_data(data, name, label_names, subject_regex), settings.seed
    )
    more = [load_data(name, training_split(name, None), dataset.classes, None) for name in extra_data]
    try:
        with _bar() as advance:
            run(
                model,
                joined(dataset, more),
                held_out,
                settings,
                out=out,
                hardware=Hardware(place, devices, nodes, workers),
                init_weights=init_weights,
                corrupt=corrupt,
                log=() if logger == "none" else names(logger) or (),
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
    from robustbench_endo.training import split_by_subject

    chosen = validation_of(validation)
    if isinstance(chosen, float):
        return split_by_subject(dataset, chosen, seed)
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
