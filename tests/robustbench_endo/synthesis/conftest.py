"""Frames of textured tissue with grey bars for instruments: a shaft (label 1) from the border and a tip (label 2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from robustbench_endo.synthesis.cutout import Cutout, Origin, SourceFrame, cut_out, find_instruments
from robustbench_endo.types import Sample

SIZE = (96, 128)
GREY = 128


def tissue(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """uint8 (H, W, 3), red and uneven; no pixel is grey."""
    texture = gaussian_filter(np.random.default_rng(seed).normal(size=size), 2)
    light = 150 + 60 * texture / np.abs(texture).max()
    return np.stack([light, 0.3 * light, 0.3 * light], axis=2).astype(np.uint8)


def bar(start: tuple[int, int], end: tuple[int, int], size: tuple[int, int] = SIZE) -> np.ndarray:
    """Labels of a bar from ``start`` to ``end`` (x, y), 10 pixels wide, the last third its tip."""
    image = Image.new("L", (size[1], size[0]))
    draw = ImageDraw.Draw(image)
    draw.line([start, end], fill=1, width=10)
    knee = tuple(round(a + 2 / 3 * (b - a)) for a, b in zip(start, end, strict=True))
    draw.line([knee, end], fill=2, width=10)
    return np.asarray(image)


@dataclass
class Bars:
    """In-memory frames; frame ``i`` belongs to patient ``i % 2`` and has one bar (activity 0) or two (activity 1)."""

    frames: int = 4
    masks: bool = True
    bars: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = (((127, 40), (60, 44)), ((30, 95), (40, 40)))
    activities: tuple[str, ...] = ("1", "2")
    change: Callable[[np.ndarray, np.ndarray], None] = lambda image, mask: None
    name: str = "bars"
    classes: tuple[str, ...] = ("background", "shaft", "tip")
    ids: list[str] = field(init=False)
    subjects: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.ids = [f"patient{i % 2}/frame_{i}.png" for i in range(self.frames)]
        self.subjects = [f"patient{i % 2}" for i in range(self.frames)]

    def __len__(self) -> int:
        return self.frames

    def __getitem__(self, index: int) -> Sample:
        image, mask = tissue(index), np.zeros(SIZE, np.uint8)
        for start, end in self.bars[: 1 + index % 2]:
            mask = np.maximum(mask, bar(start, end))
        image[mask > 0] = GREY
        self.change(image, mask)
        labels = torch.from_numpy(mask) if self.masks else None
        activity = index % 2 if self.activities else None
        pixels = torch.from_numpy(image).permute(2, 0, 1)
        return Sample.from_labels(pixels, labels, activity, self.ids[index], self.subjects[index])


@pytest.fixture
def bars() -> type[Bars]:
    """The class of data sets with bars."""
    return Bars


@pytest.fixture
def draw_bar() -> Callable[..., np.ndarray]:
    """The function ``bar``."""
    return bar


@pytest.fixture
def draw_tissue() -> Callable[..., np.ndarray]:
    """The function ``tissue``."""
    return tissue


@pytest.fixture
def make_cutout() -> Callable[..., Cutout]:
    """A function that cuts the only instrument out of an image with a mask."""

    def make(image: np.ndarray, mask: np.ndarray, factor: float = 1.0, origin: str = "a.png") -> Cutout:
        (component,) = find_instruments(mask, np.ones(mask.shape, bool), merge_labels=True)
        source = SourceFrame(image, mask, np.full(3, 0.3, np.float32), (1.0,) * 5)
        return cut_out(source, component, factor, Origin(origin, "a", None, 0))

    return make


@pytest.fixture
def clean() -> Bars:
    """Backgrounds without instruments."""
    return Bars(frames=2, masks=False, bars=())
