"""From the entries of a file to transforms of albumentations, or one sentence about what is wrong."""

from __future__ import annotations

import difflib
import inspect
import os
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from robustbench_endo.errors import OptionalDependencyError, TrainingError
from robustbench_endo.training.augmentation.pipeline_file import Entry, Pipeline


def albumentations_library() -> Any:
    """The module.

    Raises:
        OptionalDependencyError: albumentations is not installed.
    """
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it asks the network for newer versions on import
    try:
        import albumentations
    except ImportError as error:
        raise OptionalDependencyError(
            "Expected albumentations for augmentation, got it not installed: install robustbench-endo[train] or "
            "train with augment='none'."
        ) from error
    return albumentations


_TRIAL = (64, 80)
"""Height and width of the frame that every transform is tried on."""


def transforms(pipeline: Pipeline) -> list[Any]:
    """The transforms of a pipeline, each tried once.

    Raises:
        TrainingError: a name or parameter that albumentations does not have, a value that it refuses, a transform
            that fails by itself, changes the frame's size or the type of its pixels.
        OptionalDependencyError: albumentations is not installed.
    """
    return [_transform(entry, pipeline.place) for entry in pipeline.entries]


def _transform(entry: Entry, place: str) -> Any:
    library = albumentations_library()
    known = _names(library)
    if entry.name not in known:
        raise TrainingError(
            f"Expected the name of an albumentations transform in {place}, got {entry.name!r}: "
            f"{_hint(entry.name, known)}"
        )
    made = getattr(library, entry.name)
    accepted = [name for name in inspect.signature(made).parameters if name not in ("p", "args", "kwargs")]
    for name in entry.parameters:
        if name not in accepted:
            raise TrainingError(
                f"Expected parameters of {entry.name} in {place}, got {name!r}: {_hint(name, accepted)}"
            )
    _try(_built(made, entry, 1.0, place), entry, place)
    return _built(made, entry, entry.probability, place)


def _names(library: Any) -> list[str]:
    """Transforms of frames, with their masks where they move anything."""
    bases = (library.ImageOnlyTransform, library.DualTransform)
    found = {name: getattr(library, name) for name in dir(library)}
    return [
        name for name, made in found.items() if inspect.isclass(made) and issubclass(made, bases) and made not in bases
    ]


def _built(made: Any, entry: Entry, probability: float, place: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # it only warns of what it does not understand
            return made(**entry.parameters, p=probability)
    except (ValueError, TypeError, UserWarning) as error:
        raise TrainingError(
            f"Expected values that albumentations takes for {entry.name} in {place}, got {_shortened(error)}: "
            "correct them."
        ) from error


def _try(transform: Any, entry: Entry, place: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*_TRIAL, 3), np.uint8)
    mask = (np.indices(_TRIAL).sum(axis=0) // 24 % 2).astype(np.uint8)
    compose = albumentations_library().Compose([transform])
    compose.set_random_seed(0)
    try:
        changed = compose(image=image, mask=mask)
    except Exception as error:  # whatever a transform may raise about its own needs
        raise TrainingError(
            f"Expected transforms that need a frame and its mask only, got {entry.name} in {place} to fail "
            f"({_shortened(error)}): leave it out or complete its parameters."
        ) from error
    for before, after in ((image, changed["image"]), (mask, changed["mask"])):
        if after.shape != before.shape or after.dtype != before.dtype:
            raise TrainingError(
                f"Expected transforms that keep size and type of a frame, got {entry.name} in {place} to turn "
                f"{before.shape} {before.dtype} into {after.shape} {after.dtype}: leave it out."
            )


def _hint(name: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"choose from {', '.join(names)}."


def _shortened(error: Exception) -> str:
    """The message in one line, without the links of its library."""
    lines = [line.strip() for line in str(error).splitlines() if "http" not in line]
    return "; ".join(lines[1:3] if len(lines) > 2 else lines)[:200] or type(error).__name__
