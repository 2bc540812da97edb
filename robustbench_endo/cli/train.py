"""``robust-endo train``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from robustbench_endo.cli.group import INTERRUPTED
from robustbench_endo.cli.loading import load_data, training_split
from robustbench_endo.cli.options import data_options, names
from robustbench_endo.cli.progress import progress_bar


@click.command()
@click.option("--model", "-m", default="tiny-resnet/mmoe", help="backbone/architecture, see robust-endo models.")
@data_options
@click.option("--epochs", default=100, type=click.IntRange(1), help="Passes over the training frames.")
@click.option("--batch-size", default=8, type=click.IntRange(1), help="Frames a step.")
@click.option("--learning-rate", "--lr", default=2e-3, type=click.FloatRange(0, min_open=True), help="Of Adam.")
@click.option("--augment", type=click.Choice(["surgical", "light", "none"]), default="surgical", help="Of the frames.")
@click.option("--initial", help="Start from these weights: a checkpoint folder, or pretrained for the shipped ones.")
@click.option("--seed", default=0, type=int, help="Of initial weights, order and augmentation.")
@click.option("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")
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
    epochs: int,
    batch_size: int,
    learning_rate: float,
    augment: str,
    initial: str | None,
    seed: int,
    device: str,
    out: Path,
) -> None:
    """Train a model on both tasks and write a checkpoint that evaluate --model takes."""
    from robustbench_endo.evaluation import choose_device
    from robustbench_endo.training import Progress
    from robustbench_endo.training import train as run

    place = choose_device(device)
    dataset = load_data(data, training_split(data, split), names(classes), group_regex)
    try:
        with progress_bar("Training", "steps") as advance:

            def report(step: Progress) -> None:
                advance(step.epoch * step.batches + step.batch, step.epochs * step.batches)

            run(
                model,
                dataset,
                epochs=epochs,
                batch_size=batch_size,
                learning_rate=learning_rate,
                augment=augment,
                initial=initial,
                seed=seed,
                device=place,
                out=out,
                progress=report,
            )
    except KeyboardInterrupt:
        click.echo(f"Interrupted: finished epochs are kept in {out}; the same command goes on from there.", err=True)
        sys.exit(INTERRUPTED)
    click.echo(f"Written: {out}. Evaluate it with: robust-endo evaluate --model {out} --data {data}")
