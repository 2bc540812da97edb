"""Recorded pictures of the same frames in bad conditions, evaluated beside the corruptions that are computed.

A dataset that has them names them in ``recorded_conditions`` (each begins with ``real_``) and gives the picture of a
frame by ``real(index, condition)``: uint8 (3, H, W), registered with the frame, so that the frame's mask and
activity hold. It raises :class:`~robustbench_endo.errors.FrameError` where that picture is missing or damaged.
Nobody can say how
strong a recorded condition is on the scale of the corruptions: it has one severity, :data:`SEVERITY`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from robustbench_endo.data.resolution import Resolution, at_resolution
from robustbench_endo.errors import DataError, FrameError, unknown_name
from robustbench_endo.results.schema import CLEAN, RECORDED
from robustbench_endo.types import Dataset, Sample

PREFIX = f"{RECORDED}_"
SEVERITY = 1


class Asked(NamedTuple):
    """What a selection of corruptions asks of the suite, and which words of it are meant for the data.

    Attributes:
        clean: it names the clean condition, which always runs: alone it means nothing else.
    """

    synthetic: str | Sequence[str]
    recorded: tuple[str, ...]
    clean: bool


def parted(wanted: str | Sequence[str]) -> Asked:
    """Words of a selection: ``all`` is meant for both sides, ``recorded`` and ``recorded_...`` for the data alone."""
    words = [word.strip() for word in (wanted.split(",") if isinstance(wanted, str) else wanted)]
    recorded = tuple(word for word in words if word == RECORDED or word.startswith(PREFIX))
    clean = CLEAN in words
    synthetic = [word for word in words if word not in (*recorded, CLEAN)] if recorded or clean else wanted
    return Asked(synthetic, (*recorded, "all") if "all" in words else recorded, clean)


def select_recorded(dataset: Dataset, words: Sequence[str]) -> tuple[str, ...]:
    """Names of the recorded conditions of a run, in the order of the dataset.

    Args:
        words: ``all`` (every one there is, also none), ``recorded`` (every one, at least one) or names.

    Raises:
        DataError: a dataset without recorded conditions is asked for one, or names one without the prefix.
        UnknownNameError: no condition of that name.
    """
    offered = _offered(dataset)
    named = [word for word in words if word != "all"]
    if named and not offered:
        raise DataError(
            f"Expected data with recorded conditions for {named[0]!r}, got none in the dataset {dataset.name!r}: "
            "leave it out, or evaluate on data that has them, such as segstrong-c."
        )
    for word in named:
        if word not in (RECORDED, *offered):
            raise unknown_name("recorded condition", word, (RECORDED, *offered))
    return tuple(name for name in offered if {"all", RECORDED, name} & set(words))


def read_recorded(dataset: Any, index: int, condition: str, sample: Sample, resolution: Resolution) -> Tensor:
    """The picture of a frame in a recorded condition, uint8 (3, h, w), at the resolution at which the frame is
    evaluated.

    Args:
        sample: the clean frame at its own size.

    Raises:
        FrameError: no such picture, or of another size than the frame, whose mask would then not fit.
        DataError: something else than uint8 (3, H, W).
    """
    try:
        picture = dataset.recorded(index, condition)
    except FrameError as error:
        raise FrameError(f"Left out at {condition}: {error}") from error
    if not isinstance(picture, Tensor) or picture.dtype != torch.uint8 or picture.ndim != 3 or len(picture) != 3:
        found = f"{picture.dtype} {tuple(picture.shape)}" if isinstance(picture, Tensor) else type(picture).__name__
        raise DataError(f"Expected uint8 (3, H, W) from {dataset.name}.recorded({index}, {condition!r}), got {found}.")
    if picture.shape != sample.image.shape:
        raise FrameError(
            f"Left out at {condition}: Expected a picture of the size of the frame ({_size(sample.image)}), got "
            f"{_size(picture)}: its mask would not fit."
        )
    return at_resolution(dataclasses.replace(sample, image=picture, targets={}), resolution).image


def _offered(dataset: Any) -> tuple[str, ...]:
    offered = tuple(getattr(dataset, "recorded_conditions", ()))
    for name in offered:
        if not name.startswith(PREFIX):
            raise DataError(
                f"Expected names of recorded conditions that begin with {PREFIX!r}, got {name!r}: rename it."
            )
    return offered


def _size(picture: Tensor) -> str:
    return f"{picture.shape[2]} x {picture.shape[1]}"
