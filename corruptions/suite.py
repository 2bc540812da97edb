"""A suite: which corruptions, with which parameters, at which image size."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import CATEGORIES, CorruptedBatch, Corruption, Region, parameter_units
from robustbench_endo.corruptions.compound import SEPARATOR, CompoundCorruption
from robustbench_endo.corruptions.errors import CorruptionError, unknown_name
from robustbench_endo.corruptions.pairwise import PAIRWISE, pairwise_combinations
from robustbench_endo.corruptions.surround import Areas

Resolution = int | Literal["native"] | tuple[int, int]


@dataclass(frozen=True)
class Suite:
    """A named set of corruptions.

    Attributes:
        name: name in reports.
        reference_size: short side, in pixels, of the images to which length parameters refer; None if they are pixels
            of the actual image.
        resolution: size to which frames are resized first: an upper limit of the short side (frames are never
            enlarged), "native", or (height, width).
        corruptions: the corruptions with their severities, in the order of the tables.
        version: increases when the pixels of a built-in suite change; suites that extend it inherit it.

    Raises:
        CorruptionError: two corruptions of the same name.

    >>> import torch
    >>> from robustbench_endo.corruptions import load_suite
    >>> suite = load_suite("endo19")
    >>> suite.select("blur")
    ('defocus_blur', 'gaussian_blur', 'glass_blur', 'motion_blur', 'zoom_blur')
    >>> suite.get("gaussian_noise").severities[0]
    GaussianNoiseParams(std=0.08, grain=1.0)
    >>> suite.size(1080, 1920)
    (512, 910)
    >>> suite.corrupt(torch.rand(2, 3, 48, 64), "contrast", 5, ids=["a.png", "b.png"]).images.shape
    torch.Size([2, 3, 48, 64])
    """

    name: str
    reference_size: int | None
    resolution: Resolution
    corruptions: tuple[Corruption, ...]
    version: str = ""

    def __post_init__(self) -> None:
        names = self.names
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise CorruptionError(
                f"Suite {self.name}: expected corruptions of different names, got {repeated[0]!r} twice."
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the corruptions."""
        return tuple(corruption.name for corruption in self.corruptions)

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of everything that determines the pixels: sizes, class names, parameters."""
        content = {
            "version": self.version,
            "reference_size": self.reference_size,
            "resolution": self.resolution,
            "corruptions": [
                {
                    "class": type(item).__qualname__,
                    "name": item.name,
                    "model": item.model,
                    **{key: value for key, value in dataclasses.asdict(item).items() if key != "plausible"},
                }
                for item in self.corruptions
            ],
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=repr)
        return hashlib.sha256(text.encode()).hexdigest()

    def get(self, name: str) -> Corruption:
        """The corruption called ``name``.

        Raises:
            UnknownNameError: no such corruption; the message names the closest.
        """
        for corruption in self.corruptions:
            if corruption.name == name:
                return corruption
        if SEPARATOR in name:
            return CompoundCorruption([self.get(part.strip()) for part in name.split(SEPARATOR)])
        raise unknown_name("corruption", name, self.names)

    def select(self, names: str | Sequence[str]) -> tuple[str, ...]:
        """Names of corruptions, in the order of the suite.

        Args:
            names: "all", a category, a name, names joined by "+" for a compound corruption, "pairwise" for compounds in
                which every pair of corruptions occurs, several of these separated by commas, or a sequence of them.

        Raises:
            UnknownNameError: an unknown name.
            CorruptionError: no name.
        """
        parts = names.split(",") if isinstance(names, str) else names
        words = [part.strip() for part in parts if part.strip()]
        if not words:
            raise CorruptionError(
                f'Expected "all", a category ({", ".join(CATEGORIES)}) or names of corruptions, got nothing.'
            )
        selected = dict.fromkeys(name for word in words for name in self._matching(word))
        compounds = (name for name in selected if name not in self.names)
        return *(name for name in self.names if name in selected), *compounds

    def _matching(self, word: str) -> tuple[str, ...]:
        singles = tuple(name for name in self.names if SEPARATOR not in name)
        if word == "all":
            return singles
        if word == PAIRWISE:
            return tuple(self.get(SEPARATOR.join(each)).name for each in pairwise_combinations(singles))
        if SEPARATOR in word:
            return (self.get(word).name,)
        if word in CATEGORIES:
            return tuple(item.name for item in self.corruptions if item.category == word)
        if word in self.names:
            return (word,)
        raise unknown_name("corruption", word, ("all", PAIRWISE, *CATEGORIES, *self.names))

    def size(self, height: int, width: int) -> tuple[int, int]:
        """The size (height, width) to which a frame of ``height`` x ``width`` pixels is resized before corruption."""
        if isinstance(self.resolution, tuple):
            return self.resolution
        short = min(height, width)
        if self.resolution == "native" or short <= self.resolution:
            return height, width
        return round(height * self.resolution / short), round(width * self.resolution / short)

    def corrupt(
        self,
        images: Tensor,
        name: str,
        severity: float,
        ids: Sequence[str],
        seed: int = 0,
        replicate: int = 0,
        areas: Areas | None = None,
    ) -> CorruptedBatch:
        """Corrupt floating ``images`` (B, 3, H, W) in [0, 1] at their size.

        Args:
            images: floating (B, 3, H, W) in [0, 1], already resized to :meth:`size`.
            name: a corruption of the suite.
            severity: 0 (identity), or a number from 1 to 5.
            ids: one stable name per image.
            seed: random seed.
            replicate: number of the repetition, to corrupt the same image differently.
            areas: content area of each image, None for an image without a surround; detected by default.

        Raises:
            UnknownNameError: no such corruption.
            CorruptionError: input that :meth:`.base.Corruption.__call__` rejects.
        """
        return self.get(name)(images, severity, ids, seed, replicate, self.reference_size, areas)

    def corrupt_bytes(
        self,
        frames: NDArray[np.uint8],
        name: str,
        severity: float,
        ids: Sequence[str],
        seed: int = 0,
        replicate: int = 0,
        areas: Areas | None = None,
    ) -> NDArray[np.uint8] | None:
        """Corrupt 8-bit frames (B, H, W, 3) without values between the levels, see :meth:`corrupt`.

        Returns:
            The corrupted frames; None where the corruption or its parameters need values between the levels.

        Raises:
            UnknownNameError: no such corruption.
            CorruptionError: wrong size, severity or ids.
        """
        return self.get(name).corrupt_bytes(frames, severity, ids, seed, replicate, self.reference_size, areas)

    def region(self, name: str) -> Region:
        """What a corruption changes: the "content" area of the scope, or the whole "frame" with the black surround.

        >>> from robustbench_endo.corruptions import load_suite
        >>> [load_suite(suite).region("smoke") for suite in ("endo19", "imagenet-c")]
        ['content', 'frame']
        """
        return self.get(name).region

    def describe(self) -> list[dict[str, Any]]:
        """One entry per corruption: its attributes, and its severities by parameter with their units."""
        return [
            {
                "name": item.name,
                "category": item.category,
                "cause": item.cause,
                "citation": item.citation,
                "severities": [dataclasses.asdict(params) for params in item.severities],
                "units": dict(parameter_units(type(item.severities[0]))),
                "stochastic": item.stochastic,
                "region": item.region,
                "plausible": item.plausible,
            }
            for item in self.corruptions
        ]

    def with_corruptions(self, *instances: Corruption) -> Suite:
        """This suite with further corruptions; an instance replaces the corruption of the same name, if any.

        Raises:
            CorruptionError: an instance that is not a :class:`.base.Corruption`.
        """
        for instance in instances:
            if not isinstance(instance, Corruption):
                raise CorruptionError(
                    f"Expected an instance of robustbench_endo.corruptions.Corruption, got {instance!r}."
                )
        by_name = {instance.name: instance for instance in instances}
        updated = tuple(by_name.get(item.name, item) for item in self.corruptions)
        added = tuple(item for name, item in by_name.items() if name not in self.names)
        return dataclasses.replace(self, corruptions=updated + added)
