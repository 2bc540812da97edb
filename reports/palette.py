"""Colour, dash and marker of each model, the same in all figures; any one of them distinguishes the first models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LIGHT = ("#0b3c7d", "#c2410c", "#1a9e96", "#8e3b8a", "#a67c00", "#3f8fd2", "#5a3a22", "#7a7a7a")
"""On white: contrast of 3 or more; CIE lightness 26, 46, 59 for the first three, which so differ in greyscale print."""

DARK = ("#6ea8fe", "#ff8a5c", "#5fe0cf", "#e29be0", "#f0c94f", "#a8dcff", "#c89b7b", "#b5b5b5")
"""The same hues on near-black."""

DASHES: tuple[tuple[float, ...], ...] = ((), (5, 2), (1.5, 1.5), (6, 2, 1.5, 2), (3, 1.2))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

HEAT = "#e06c1f"
"""The worst cell of a table; the best is the background. One hue, so that lightness shows the order."""


@dataclass(frozen=True)
class Style:
    """The style of one model.

    Attributes:
        index: of its colour in the palette.
        light, dark: hex colours on white and on near-black.
        dash: on-off lengths in points, empty = solid.
        marker: a matplotlib marker.
    """

    index: int
    light: str
    dark: str
    dash: tuple[float, ...]
    marker: str


def model_styles(models: Sequence[str]) -> dict[str, Style]:
    """A style for each model, by their order in the run; styles repeat after 280 models."""
    return {model: _style(index) for index, model in enumerate(models)}


def _style(index: int) -> Style:
    colour = index % len(LIGHT)
    return Style(
        index=colour,
        light=LIGHT[colour],
        dark=DARK[colour],
        dash=DASHES[index % len(DASHES)],
        marker=MARKERS[index % len(MARKERS)],
    )
