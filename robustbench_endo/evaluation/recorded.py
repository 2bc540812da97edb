"""Real pictures of the same frames in bad conditions, evaluated beside the corruptions that are computed.

A dataset that has them names them in ``real_conditions`` (each begins with ``real_``) and gives the picture of a frame
by ``real(index, condition)``: uint8 (3, H, W), registered with the frame, so that the frame's mask and activity hold.
It raises :class:`~robustbench_endo.errors.FrameError` where that picture is missing or damaged. Nobody can say how
strong a real condition is on the scale of the corruptions: it has one severity, :data:`SEVERITY`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from robustbench_endo.data.resolution import Resolution, at_resolution
from robustbench_endo.errors import DataError, FrameError, unknown_name
from robustbench_endo.results.schema import CLEAN, REAL
from robustbench_endo.types import Dataset, Sample

PREFIX = f"{REAL}_"
SEVERITY = 1


class Asked(NamedTuple):
    """What a selection of corruptions asks of the suite, and which words of it are meant for the data.

    Attributes:
        clean: it names the clean condition, which always runs: alone it means nothing else.
    """

    synthetic: str | Sequence[str]
    real: tuple[str, ...]
    clean: bool


def parted(wanted: str | Sequence[str]) -> Asked:
    """Words of a selection: ``all`` is meant for both sides, ``real`` and ``real_...`` for the data alone."""
    words = [word.strip() for word in (wanted.split(",") if isinstance(wanted, str) else wanted)]
    real = tuple(word for word in words if word == REAL or word.startswith(PREFIX))
    clean = CLEAN in words
    synthetic = [word for word in words if word not in (*real, CLEAN)] if real or clean else wanted
    return Asked(synthetic, (*real, "all") if "all" in words else real, clean)


def chosen_conditions(dataset: Dataset, words: Sequence[str]) -> tuple[str, ...]:
    """Names of the real conditions of a run, in the order of the dataset.

    Args:
        words: ``all`` (every one there is, also none), ``real`` (every one, at least one) or names.

    Raises:
        DataError: a dataset without real conditions is asked for one, or names one without the prefix.
        UnknownNameError: no condition of that name.
    """
    offered = _offered(dataset)
    named = [word for word in words if word != "all"]
    if named and not offered:
        raise DataError(
            f"Expected data with real conditions for {named[0]!r}, got none in the dataset {dataset.name!r}: "
            "leave it out, or evaluate on data that has them, such as segstrong-c."
        )
    for word in named:
        if word not in (REAL, *offered):
            raise unknown_name("real condition", word, (REAL, *offered))
    return tuple(name for name in offered if {"all", REAL, name} & set(words))


def read_real(dataset: Any, index: int, condition: str, sample: Sample, resolution: Resolution) -> Tensor:
    """The picture of a frame in a real condition, uint8 (3, h, w), at the resolution at which the frame is evaluated.

    Args:
        sample: the clean frame at its own size.

    Raises:
        FrameError: no such picture, or of another size than the frame, whose mask would then not fit.
        DataError: something else than uint8 (3, H, W).
    """
    try:
        picture = dataset.real(index, condition)
    except FrameError as error:
        raise FrameError(f"Left out at {condition}: {error}") from error
    if not isinstance(picture, Tensor) or picture.dtype != torch.uint8 or picture.ndim != 3 or len(picture) != 3:
        found = f"{picture.dtype} {tuple(picture.shape)}" if isinstance(picture, Tensor) else type(picture).__name__
        raise DataError(f"Expected uint8 (3, H, W) from {dataset.name}.real({index}, {condition!r}), got {found}.")
    if picture.shape != sample.image.shape:
        raise FrameError(
            f"Left out at {condition}: Expected a picture of the size of the frame ({_size(sample.image)}), got "
            f"{_size(picture)}: its mask would not fit."
        )
    return at_resolution(dataclasses.replace(sample, image=picture, mask=None), resolution).image


def _offered(dataset: Any) -> tuple[str, ...]:
    offered = tuple(getattr(dataset, "real_conditions", ()))
    for name in offered:
        if not name.startswith(PREFIX):
            raise DataError(f"Expected names of real conditions that begin with {PREFIX!r}, got {name!r}: rename it.")
    return offered


def _size(picture: Tensor) -> str:
    return f"{picture.shape[2]} x {picture.shape[1]}"
