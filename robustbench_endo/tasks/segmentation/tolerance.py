"""Tolerances of the surface Dice: one per class, in pixels of the scored mask or in millimetres of the scene."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from robustbench_endo.errors import RobustEndoError

if TYPE_CHECKING:
    from torch import Tensor

DEFAULT_TEXT = "2px"
"""Tolerance of a class without one of its own."""

MAX_ANISOTROPY = 1e-3
"""Relative difference of the sizes of a pixel along rows and columns that is only rounding of the mask's size."""


@dataclass(frozen=True)
class Tolerance:
    """A distance: ``unit`` is ``px`` or ``mm``."""

    value: float
    unit: str

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}"


@dataclass(frozen=True)
class NsdTolerance:
    """The tolerances of a run.

    Attributes:
        by_class: class -> its tolerance, in the order of the classes.
        spacing: mm per pixel of the original frame along rows and columns; None without tolerances in mm.
    """

    by_class: Mapping[str, Tolerance]
    spacing: tuple[float, float] | None = None

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> NsdTolerance | None:
        """From ``metric_settings`` of run.json; None for the default."""
        texts = settings.get("nsd_tolerance")
        if not texts:
            return None
        spacing = settings.get("spacing")
        by_class = {name: parse_tolerance(text)[1] for name, text in texts.items()}
        return cls(by_class, None if spacing is None else (float(spacing[0]), float(spacing[1])))

    def __str__(self) -> str:
        """``shaft 1.5 mm (3 px), others 2 px``; the pixels in brackets are those of the original frame."""
        foreground = list(self.by_class)[1:]
        words = {name: self._words(self.by_class[name]) for name in foreground}
        texts = list(words.values())
        if len(set(texts)) < 2:
            return next(iter(texts), self._words(parse_tolerance(DEFAULT_TEXT)[1]))
        common = max(texts, key=texts.count)
        several = texts.count(common) > 1
        named = [f"{name} {text}" for name, text in words.items() if text != common or not several]
        return ", ".join([*named, *([f"others {common}"] if several else [])])

    def _words(self, tolerance: Tolerance) -> str:
        if tolerance.unit == "px" or self.spacing is None:
            return str(tolerance)
        pixels = tolerance.value / math.sqrt(self.spacing[0] * self.spacing[1])
        return f"{tolerance} ({pixels:.3g} px)"

    def in_pixels(self, scale: Tensor) -> tuple[Tensor, Tensor]:
        """Tolerances in pixels of the scored masks, and which frames have pixels that are not square.

        Args:
            scale: scored pixels per pixel of the original frame along rows and columns, (B, 2).

        Returns:
            float64 (B, C), of the mean size of a pixel; bool (B,), False without tolerances in mm.
        """
        import torch

        size = self.pixel_size(scale)
        mean = size.prod(1).sqrt()
        columns = [
            tolerance.value / mean if tolerance.unit == "mm" else torch.full_like(mean, tolerance.value)
            for tolerance in self.by_class.values()
        ]
        in_mm = any(tolerance.unit == "mm" for tolerance in self.by_class.values())
        uneven = (size[:, 0] / size[:, 1] - 1).abs() > MAX_ANISOTROPY
        return torch.stack(columns, dim=1), uneven & in_mm

    def pixel_size(self, scale: Tensor) -> Tensor:
        """Size of a scored pixel along rows and columns in mm, float64 (B, 2); in original pixels without a spacing."""
        import torch

        spacing = torch.tensor(self.spacing or (1.0, 1.0), dtype=torch.float64)
        return spacing / scale.double()


def parse_tolerance(text: str) -> tuple[str | None, Tolerance]:
    """``3px`` or ``shaft=1.5mm`` as (class, tolerance); None for all classes.

    Raises:
        RobustEndoError: any other text.

    >>> parse_tolerance("shaft=1.5mm")
    ('shaft', Tolerance(value=1.5, unit='mm'))
    """
    name, _, distance = text.rpartition("=")
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(px|mm)\s*", distance)
    if match is None:
        raise RobustEndoError(
            f"Expected a tolerance such as 3px, 1.5mm or shaft=1.5mm, got {text!r}: give a number with its unit."
        )
    return name.strip() or None, Tolerance(float(match.group(1)), match.group(2))


def parse_spacing(text: str) -> tuple[float, float]:
    """``0.1`` or ``0.1x0.12`` as mm per pixel along rows and columns.

    Raises:
        RobustEndoError: any other text, or a size of 0.

    >>> parse_spacing("0.1"), parse_spacing("0.1x0.12")
    ((0.1, 0.1), (0.1, 0.12))
    """
    parts = [part.strip() for part in text.split("x")]
    if len(parts) in (1, 2) and all(re.fullmatch(r"\d+(?:\.\d*)?|\.\d+", part) and float(part) > 0 for part in parts):
        return float(parts[0]), float(parts[-1])
    raise RobustEndoError(
        f"Expected a spacing in mm per pixel such as 0.1, or 0.1x0.12 for rows x columns, got {text!r}: give positive "
        "numbers."
    )


def check_tolerances(texts: Sequence[str], spacing: object) -> None:
    """Raise RobustEndoError for a text that is no tolerance, a class with two, or one in mm without a spacing."""
    parsed = [parse_tolerance(text) for text in texts]
    names = [name for name, _ in parsed]
    twice = [name or "all classes" for name in names if names.count(name) > 1]
    if twice:
        raise RobustEndoError(f"Expected one tolerance for {twice[0]}, got several: leave one of them out.")
    if spacing is None and any(tolerance.unit == "mm" for _, tolerance in parsed):
        raise RobustEndoError(
            "Expected the size of a pixel for a tolerance in mm, got none: add --spacing MM_PER_PX, or give the "
            "tolerance in px."
        )


def resolve_tolerances(texts: Sequence[str], classes: Sequence[str]) -> dict[str, str]:
    """Class -> tolerance as text, for every class; none for the default.

    Raises:
        RobustEndoError: a class that the data set does not have.
    """
    if not texts:
        return {}
    parsed = dict(map(parse_tolerance, texts))
    unknown = [name for name in parsed if name is not None and name not in classes]
    if unknown:
        raise RobustEndoError(
            f"Expected a class of the data ({', '.join(classes)}) in --nsd-tolerance, got {unknown[0]!r}: choose one "
            "of them."
        )
    default = parsed.get(None, parse_tolerance(DEFAULT_TEXT)[1])
    return {name: str(parsed.get(name, default)) for name in classes}
