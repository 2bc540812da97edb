"""Options that several commands share, and how their text is read."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.results import Bootstrap

F = TypeVar("F", bound=Callable[..., Any])


def severities(text: str) -> tuple[int, ...]:
    """``1-5``, ``3`` or ``1,3,5`` as numbers.

    Raises:
        RobustEndoError: anything else, or a severity outside 1 to 5.
    """
    found: list[int] = []
    for part in text.replace(" ", "").split(","):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if match is None:
            raise RobustEndoError(f"Expected severities such as 1-5 or 1,3,5, got {text!r}.")
        first, last = int(match.group(1)), int(match.group(2) or match.group(1))
        found += range(first, last + 1)
    if not found or min(found) < 1 or max(found) > 5:
        raise RobustEndoError(
            f"Expected severities from 1 to 5, got {text!r}: severity 0 is the clean condition and always runs."
        )
    return tuple(sorted(set(found)))


def resolution(text: str | None) -> Any:
    """``native``, a short side, ``HxW`` or None.

    Raises:
        RobustEndoError: anything else.
    """
    if text is None or text == "native":
        return text
    if match := re.fullmatch(r"(\d+)(?:x(\d+))?", text):
        sides = tuple(int(side) for side in match.groups() if side)
        if min(sides) >= 32:
            return sides[0] if len(sides) == 1 else sides
    raise RobustEndoError(f"Expected a resolution such as native, 512 or 256x256 (at least 32), got {text!r}.")


def names(text: str | None) -> tuple[str, ...] | None:
    """Names separated by commas."""
    return None if text is None else tuple(part.strip() for part in text.split(",") if part.strip())


def corruption_options(command: F) -> F:
    """``--corruption --suite --backend --resolution --seed``; the resolution arrives as ``size``."""
    for option in (
        click.option("--seed", default=0, type=int, help="Seed of all randomness in the corruptions."),
        click.option("--resolution", "size", help="native, a short side in px, or HxW. [default: the suite's]"),
        click.option(
            "--backend",
            default="own",
            help="own, or imagecorruptions: the reference package with its own severities, for cross-checks.",
        ),
        click.option("--suite", default="endo19", help="endo19, endoarss, imagenet-c, or a TOML file."),
        click.option(
            "--corruption",
            "-c",
            default="all",
            help="all, a category (noise, blur, occlusion, digital), or names separated by commas.",
        ),
    ):
        command = option(command)
    return command


def writable_folder(path: Path) -> Path:
    """``path``, made when it is not there.

    Raises:
        RobustEndoError: it cannot be made or written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RobustEndoError(
            f"Expected a folder that can be written, got {path} ({error.strerror}): choose another."
        ) from error
    if not os.access(path, os.W_OK):
        raise RobustEndoError(f"Expected a folder that can be written, got {path} read-only: choose another.")
    return path


def data_options(command: F) -> F:
    """``--data --split --classes --subject-regex``."""
    for option in (
        click.option("--subject-regex", help="Regular expression for the patient or sequence in a frame's path."),
        click.option("--classes", help="Names of the mask labels, background first, separated by commas."),
        click.option("--split", help="Sub-folder or split.  [default: test, for training train, where there is one]"),
        click.option("--data", "-d", default="synthetic", help="Folder of frames, or the name of a dataset."),
    ):
        command = option(command)
    return command


def computing_options(command: F) -> F:
    """``--device --precision --batch-size --compile --profile``."""
    for option in (
        click.option("--profile", is_flag=True, help="Print where the time went."),
        click.option("--compile", "compiled", is_flag=True, help="Have torch compile the models; on CUDA alone."),
        click.option(
            "--batch-size",
            "-b",
            type=click.IntRange(min=1),
            help="Frames at a time at most; halved where the memory is too small.  "
            "[default: 32 on a GPU, else 4, or 1.5 million pixels]",
        ),
        click.option(
            "--precision",
            default="auto",
            help="Of the models: fp32, bf16, or auto (bf16 on a GPU that has it).",
        ),
        click.option("--device", default="auto", help="auto, cpu, cuda, cuda:1, ..."),
    ):
        command = option(command)
    return command


def engine_options(command: F) -> F:
    """``--engine --address --shard``."""
    for option in (
        click.option("--shard", help="Compute part i of n alone, as i/n; robust-endo merge makes a run of the parts."),
        click.option(
            "--address",
            help="Of the Ray cluster: auto, HOST:PORT or ray://HOST:PORT.  [default: a cluster of this machine alone]",
        ),
        click.option(
            "--engine", default="local", help="Who computes: local, or ray for all GPUs of this machine or a cluster."
        ),
    ):
        command = option(command)
    return command


def bootstrap_options(command: F) -> F:
    """``--resamples --bootstrap-unit --confidence --resample-seed``; :func:`settings` reads them."""
    for option in (
        click.option("--resample-seed", "seed", default=0, type=int, help="Seed of the resampling."),
        click.option("--confidence", default=0.95, type=float, help="Share of intervals that shall cover the truth."),
        click.option(
            "--bootstrap-unit",
            "unit",
            default="auto",
            help="subject (patient or sequence), frame, or auto: subjects where there are enough, else frames, said "
            "so.",
        ),
        click.option("--resamples", default=10_000, type=int, help="Bootstrap resamples."),
    ):
        command = option(command)
    return command


def settings(resamples: int, unit: str, level: float, seed: int) -> Bootstrap:
    """Bootstrap settings from options.

    Raises:
        RobustEndoError: a setting outside its range.
    """
    return Bootstrap(resamples, level, seed, unit)  # type: ignore[arg-type]  # a wrong unit is refused in words


def thresholds(texts: Sequence[str]) -> dict[str, float]:
    """``dice=0.8`` and so on as metric -> threshold.

    Raises:
        RobustEndoError: a text of another form.
    """
    found: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError as error:
            raise RobustEndoError(
                f"Expected a threshold such as dice=0.8, got {text!r}: write metric=number."
            ) from error
    return found
