"""A suite: which corruptions, at which strength, on which picture size."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from robustbench_endo.corruptions.base import CATEGORIES, CorruptedBatch, Corruption, units
from robustbench_endo.corruptions.errors import CorruptionError, unknown_name

Resolution = int | Literal["native"] | tuple[int, int]


@dataclass(frozen=True)
class Suite:
    """A named set of corruptions.

    Attributes:
        name: what a report calls it.
        reference_size: short side, in pixels, at which lengths are meant; None when they are pixels of the image
            itself.
        resolution: what a frame is resized to first: its short side at most (never enlarged), "native", or
            (height, width).
        corruptions: the corruptions with their severities, in the order of the tables.
    """

    name: str
    reference_size: int | None
    resolution: Resolution
    corruptions: tuple[Corruption, ...]

    def __post_init__(self) -> None:
        names = self.names
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise CorruptionError(
                f"Suite {self.name}: expected corruptions of different names, got {twice[0]!r} twice."
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the corruptions."""
        return tuple(corruption.name for corruption in self.corruptions)

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of everything that decides the pixels: sizes, class names, parameters."""
        content = {
            "reference_size": self.reference_size,
            "resolution": self.resolution,
            "corruptions": [
                {"class": type(item).__qualname__, "name": item.name, **dataclasses.asdict(item)}
                for item in self.corruptions
            ],
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=repr)
        return hashlib.sha256(text.encode()).hexdigest()

    def get(self, name: str) -> Corruption:
        """The corruption called ``name``.

        Raises:
            CorruptionError: no such corruption; the message names the closest.
        """
        for corruption in self.corruptions:
            if corruption.name == name:
                return corruption
        raise unknown_name("corruption", name, self.names)

    def select(self, wanted: str | Sequence[str]) -> tuple[str, ...]:
        """Names of corruptions, in the suite's order.

        Args:
            wanted: "all", a category, a name, several of these separated by commas, or a sequence of them.

        Raises:
            CorruptionError: an unknown name, or nothing asked for.
        """
        parts = wanted.split(",") if isinstance(wanted, str) else wanted
        words = [part.strip() for part in parts if part.strip()]
        if not words:
            raise CorruptionError(
                f'Expected "all", a category ({", ".join(CATEGORIES)}) or names of corruptions, got nothing.'
            )
        chosen = {name for word in words for name in self._matching(word)}
        return tuple(name for name in self.names if name in chosen)

    def _matching(self, word: str) -> tuple[str, ...]:
        if word == "all":
            return self.names
        if word in CATEGORIES:
            return tuple(item.name for item in self.corruptions if item.category == word)
        if word in self.names:
            return (word,)
        raise unknown_name("corruption", word, ("all", *CATEGORIES, *self.names))

    def size(self, height: int, width: int) -> tuple[int, int]:
        """The size (height, width) that a frame of ``height`` x ``width`` pixels has when it is corrupted."""
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
        severity: int,
        ids: Sequence[str],
        seed: int = 0,
        replicate: int = 0,
    ) -> CorruptedBatch:
        """CorruptedBatch floating ``images`` (B, 3, H, W) in [0, 1], already of the wanted size.

        Raises:
            CorruptionError: unknown name, or input that :meth:`.base.Corruption.__call__` refuses.
        """
        return self.get(name)(images, severity, ids, seed, replicate, self.reference_size)

    def describe(self) -> list[dict[str, Any]]:
        """One entry a corruption: name, category, cause, citation, severities as {parameter: value}, units."""
        return [
            {
                "name": item.name,
                "category": item.category,
                "cause": item.cause,
                "citation": item.citation,
                "severities": [dataclasses.asdict(params) for params in item.severities],
                "units": dict(units(type(item.severities[0]))),
            }
            for item in self.corruptions
        ]

    def with_corruptions(self, *instances: Corruption) -> Suite:
        """This suite with further corruptions; one whose name is known already takes its place.

        Raises:
            CorruptionError: an instance that is no :class:`.base.Corruption`.
        """
        for instance in instances:
            if not isinstance(instance, Corruption):
                raise CorruptionError(
                    f"Expected an instance of robustbench_endo.corruptions.Corruption, got {instance!r}."
                )
        replaced = {instance.name: instance for instance in instances}
        kept = tuple(replaced.get(item.name, item) for item in self.corruptions)
        new = tuple(item for name, item in replaced.items() if name not in self.names)
        return dataclasses.replace(self, corruptions=kept + new)
