"""The conditions of a run: clean, every corruption at every severity, and recorded conditions.

Recorded conditions are images of the same frames taken in smoke, low light and so on, evaluated with the corruptions. A
data set with such images names them in ``recorded_conditions`` (each begins with ``recorded_``) and returns the image
of a frame by ``recorded(index, condition)``: uint8 (3, H, W), registered with the frame, so that the frame's targets
hold. It raises :class:`~robustbench_endo.errors.FrameError` where that image is missing or damaged.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from robustbench_endo.corruptions.suite import Resolution
from robustbench_endo.data.resolution import at_resolution
from robustbench_endo.errors import DataError, FrameError, unknown_name
from robustbench_endo.evaluation.severity_options import check_severities
from robustbench_endo.results.schema import CLEAN, RECORDED
from robustbench_endo.types import Dataset, Sample

RECORDED_PREFIX = f"{RECORDED}_"
RECORDED_SEVERITY = 1
"""The one severity of recorded conditions: their strength on the scale of the corruptions is unknown."""


class Condition(NamedTuple):
    """A corruption at a severity, and the number of its draw; clean has severity 0, a recorded condition severity 1."""

    corruption: str
    severity: float
    replicate: int = 0

    def __str__(self) -> str:
        if self.corruption == CLEAN:
            return self.corruption
        return f"{self.corruption} {self.severity}" + (f", draw {self.replicate}" if self.replicate else "")


class CorruptionSelection(NamedTuple):
    """A selection of corruptions, divided into what the suite and what the data set provides.

    Attributes:
        synthetic: selection for the suite.
        recorded: names of recorded conditions, ``recorded`` or ``all``.
        clean: whether the clean condition is named; it always runs.
    """

    synthetic: str | Sequence[str]
    recorded: tuple[str, ...]
    clean: bool


def parse_selection(corruptions: str | Sequence[str]) -> CorruptionSelection:
    """Divide a selection: ``all`` refers to suite and data set, ``recorded`` and ``recorded_...`` to the data set.

    >>> parse_selection("smoke,recorded").recorded
    ('recorded',)
    """
    words = [word.strip() for word in (corruptions.split(",") if isinstance(corruptions, str) else corruptions)]
    recorded = tuple(word for word in words if word == RECORDED or word.startswith(RECORDED_PREFIX))
    clean = CLEAN in words
    synthetic = [word for word in words if word not in (*recorded, CLEAN)] if recorded or clean else corruptions
    return CorruptionSelection(synthetic, (*recorded, "all") if "all" in words else recorded, clean)


def list_conditions(
    corruptions: Sequence[str],
    severities: Sequence[float],
    recorded: Sequence[str] = (),
    replicates: Mapping[str, int] | None = None,
) -> list[Condition]:
    """The clean condition, then every draw of every corruption at every severity, then the recorded conditions.

    Args:
        replicates: corruption -> number of draws; 1 for those that are missing.

    Raises:
        RobustEndoError: no severity, or one outside 1 to 5.
    """
    order = check_severities(severities)
    draws = replicates or {}
    corrupted = [
        Condition(name, severity, replicate)
        for name in corruptions
        for severity in order
        for replicate in range(draws.get(name, 1))
    ]
    return [Condition(CLEAN, 0), *corrupted, *(Condition(name, RECORDED_SEVERITY) for name in recorded)]


def select_recorded(dataset: Dataset, words: Sequence[str]) -> tuple[str, ...]:
    """Names of the recorded conditions of a run, in the order of the data set.

    Args:
        words: ``all`` (all there are, possibly none), ``recorded`` (all, at least one) or names.

    Raises:
        DataError: a data set without recorded conditions, or with one whose name lacks the prefix.
        UnknownNameError: no condition of that name.
    """
    available = _available(dataset)
    named = [word for word in words if word != "all"]
    if named and not available:
        raise DataError(
            f"Expected data with recorded conditions for {named[0]!r}, got none in the dataset {dataset.name!r}: "
            "leave it out, or evaluate on data that has them, such as segstrong-c."
        )
    for word in named:
        if word not in (RECORDED, *available):
            raise unknown_name("recorded condition", word, (RECORDED, *available))
    return tuple(name for name in available if {"all", RECORDED, name} & set(words))


def read_recorded(dataset: Any, index: int, condition: str, sample: Sample, resolution: Resolution) -> Tensor:
    """The image of a frame in a recorded condition, uint8 (3, h, w), at the resolution of the evaluation.

    Args:
        sample: the clean frame at its own size.

    Raises:
        FrameError: no such image, or one of another size than the frame, whose targets would then not fit.
        DataError: anything but uint8 (3, H, W).
    """
    try:
        image = dataset.recorded(index, condition)
    except FrameError as error:
        raise FrameError(f"Left out at {condition}: {error}") from error
    if not isinstance(image, Tensor) or image.dtype != torch.uint8 or image.ndim != 3 or len(image) != 3:
        got = f"{image.dtype} {tuple(image.shape)}" if isinstance(image, Tensor) else type(image).__name__
        raise DataError(f"Expected uint8 (3, H, W) from {dataset.name}.recorded({index}, {condition!r}), got {got}.")
    if image.shape != sample.image.shape:
        raise FrameError(
            f"Left out at {condition}: Expected an image of the size of the frame ({_size(sample.image)}), got "
            f"{_size(image)}: its mask would not fit."
        )
    return at_resolution(dataclasses.replace(sample, image=image, targets={}), resolution).image


def _available(dataset: Any) -> tuple[str, ...]:
    available = tuple(getattr(dataset, "recorded_conditions", ()))
    for name in available:
        if not name.startswith(RECORDED_PREFIX):
            raise DataError(
                f"Expected names of recorded conditions that begin with {RECORDED_PREFIX!r}, got {name!r}: rename it."
            )
    return available


def _size(image: Tensor) -> str:
    return f"{image.shape[2]} x {image.shape[1]}"
