"""The images of a page as data addresses, within a budget of bytes."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from robustbench_endo.reports.data.gallery import (
    Drop,
    GalleryGrid,
    GalleryImage,
    encode_jpeg,
    encode_label_map,
    limit_width,
)
from robustbench_endo.reports.formatting import title

BUDGET = 5_000_000
"""Bytes of all images together, as text in the page."""

_SIZES = ((320, 80), (256, 75), (200, 70), (144, 65), (96, 55))
"""(width in px, JPEG quality), from the best to the smallest."""


@dataclass(frozen=True)
class MaskSource:
    """A label map.

    Attributes:
        key: ``t`` for the target, else the index of the model.
        name: as printed.
        score: of the frame, printed next to the name.
        source: data address.
    """

    key: str
    name: str
    score: str
    source: str


@dataclass(frozen=True)
class ImageSource:
    """An image with the label maps that can be shown over it."""

    source: str
    width: int
    height: int
    masks: tuple[MaskSource, ...]

    @property
    def size(self) -> int:
        """Characters in the page."""
        return len(self.source) + sum(len(mask.source) for mask in self.masks)


@dataclass(frozen=True)
class GridSource:
    """A frame: its clean image and, by printed condition, the images at each severity; a missing one is None."""

    image_id: str
    clean: ImageSource | None
    rows: list[tuple[str, list[ImageSource | None]]]
    recorded: list[tuple[str, ImageSource | None]]

    @property
    def size(self) -> int:
        """Characters in the page."""
        images = [self.clean, *(image for _, row in self.rows for image in row), *(image for _, image in self.recorded)]
        return sum(image.size for image in images if image)


@dataclass(frozen=True)
class ImageSources:
    """The images of a page: the stored frames, and of each drop its clean and its corrupted image."""

    grids: list[GridSource]
    drops: list[tuple[ImageSource | None, ImageSource | None]]

    @property
    def size(self) -> int:
        """Characters in the page."""
        pairs = sum(image.size for pair in self.drops for image in pair if image)
        return sum(grid.size for grid in self.grids) + pairs


def image_sources(
    grids: Sequence[GalleryGrid], models: Sequence[str], drops: Sequence[Drop] = (), budget: int = BUDGET
) -> ImageSources:
    """The images at the largest size that fits ``budget``.

    At the smallest size frames are left out from the end until they fit, then the masks of the last models; the first
    frame always remains.
    """
    sizes = [size for size in _SIZES[:-1] if _estimate(grids, models, *size) <= 2 * budget]
    for width, quality in (*sizes, _SIZES[-1]):
        sources = _encode(grids, models, drops, width, quality)
        if sources.size <= budget:
            break
    while sources.size > budget and len(sources.grids) > 1:
        sources = ImageSources(sources.grids[:-1], sources.drops)
    while sources.size > budget and sources.grids and len(models) > 1:
        models = models[: len(models) // 2]
        sources = ImageSources(_encode(grids[:1], models, (), width, quality).grids, sources.drops)
    return sources


def _estimate(grids: Sequence[GalleryGrid], models: Sequence[str], width: int, quality: int) -> int:
    """Characters of all images of the grids, from the first one: encoding the maps of many models takes long."""
    number = sum(1 for grid in grids for _ in grid.images())
    first = next((image for grid in grids for image in grid.images()), None)
    if first is None:
        return 0
    sample = GalleryGrid("", first, {})
    return number * _encode([sample], models, (), width, quality).size


def _encode(
    grids: Sequence[GalleryGrid], models: Sequence[str], drops: Sequence[Drop], width: int, quality: int
) -> ImageSources:
    def source(image: GalleryImage | None) -> ImageSource | None:
        if image is None:
            return None
        pixels = limit_width(image.image, width)
        address = _address("image/jpeg", encode_jpeg(pixels, quality))
        return ImageSource(address, pixels.shape[1], pixels.shape[0], tuple(_masks(image, models, width)))

    encoded = [
        GridSource(
            grid.image_id,
            source(grid.clean),
            [(title(name), [source(image) for image in images]) for name, images in grid.rows.items()],
            [(title(name), source(image)) for name, image in grid.recorded.items()],
        )
        for grid in grids
    ]
    return ImageSources(encoded, [(source(drop.clean), source(drop.corrupted)) for drop in drops])


def _masks(image: GalleryImage, models: Sequence[str], width: int) -> Iterator[MaskSource]:
    if image.target is not None:
        target = encode_label_map(limit_width(image.target, width), mark_ignored=True)
        yield MaskSource("t", "ground truth", "", _address("image/png", target))
    for index, model in enumerate(models):
        if model in image.predictions:
            labels = encode_label_map(limit_width(image.predictions[model], width))
            yield MaskSource(str(index), model, image.scores[model], _address("image/png", labels))


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
