"""The pictures of the gallery as data addresses, within a budget of bytes."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from robustbench_endo.reports.data.gallery import GalleryGrid, GalleryImage, jpeg, mask_png, shrunk
from robustbench_endo.reports.formatting import title

BUDGET = 5_000_000
"""Bytes that the pictures may take together, as text in the page."""

_FORMS = ((320, 80), (256, 75), (200, 70), (144, 65), (96, 55))


@dataclass(frozen=True)
class MaskSource:
    """A mask: ``key`` is ``t`` for the truth, else the model's index; ``score`` is printed beside the name."""

    key: str
    name: str
    score: str
    source: str


@dataclass(frozen=True)
class ShotSource:
    """A picture with the masks that can be laid over it."""

    picture: str
    width: int
    height: int
    masks: tuple[MaskSource, ...]

    @property
    def size(self) -> int:
        """Characters in the page."""
        return len(self.picture) + sum(len(mask.source) for mask in self.masks)


@dataclass(frozen=True)
class SheetSource:
    """A frame: its clean shot and, by printed condition, the shots at each severity; a missing one is None."""

    image_id: str
    clean: ShotSource | None
    rows: list[tuple[str, list[ShotSource | None]]]
    recorded: list[tuple[str, ShotSource | None]]

    @property
    def size(self) -> int:
        """Characters in the page."""
        shots = [self.clean, *(shot for _, row in self.rows for shot in row), *(shot for _, shot in self.recorded)]
        return sum(shot.size for shot in shots if shot)


@dataclass(frozen=True)
class PictureSources:
    """The kept frames, and of each worst frame its clean and its corrupted shot."""

    sheets: list[SheetSource]
    worst: list[tuple[ShotSource | None, ShotSource | None]]

    @property
    def size(self) -> int:
        """Characters in the page."""
        return sum(gallery_grid.size for gallery_grid in self.sheets) + sum(
            shot.size for pair in self.worst for shot in pair if shot
        )


def picture_sources(
    sheets: Sequence[GalleryGrid],
    models: Sequence[str],
    worst: Sequence[tuple[GalleryImage | None, GalleryImage | None]] = (),
    budget: int = BUDGET,
) -> PictureSources:
    """The pictures at the largest size that fits ``budget``.

    In the smallest form frames are left out from the end until they fit; the first one is kept whatever it weighs.
    """
    made = _sources(sheets, models, worst, *_FORMS[0])
    for width, quality in _FORMS[1:]:
        if made.size <= budget:
            break
        made = _sources(sheets, models, worst, width, quality)
    while made.size > budget and len(made.sheets) > 1:
        made = PictureSources(made.sheets[:-1], made.worst)
    return made


def _sources(
    sheets: Sequence[GalleryGrid],
    models: Sequence[str],
    worst: Sequence[tuple[GalleryImage | None, GalleryImage | None]],
    width: int,
    quality: int,
) -> PictureSources:
    def source(shot: GalleryImage | None) -> ShotSource | None:
        if shot is None:
            return None
        picture = shrunk(shot.picture, width)
        address = _address("image/jpeg", jpeg(picture, quality))
        return ShotSource(address, picture.shape[1], picture.shape[0], tuple(_masks(shot, models, width)))

    made = [
        SheetSource(
            gallery_grid.image_id,
            source(gallery_grid.clean),
            [(title(name), [source(shot) for shot in shots]) for name, shots in gallery_grid.rows.items()],
            [(title(name), source(shot)) for name, shot in gallery_grid.recorded.items()],
        )
        for gallery_grid in sheets
    ]
    return PictureSources(made, [(source(clean), source(damaged)) for clean, damaged in worst])


def _masks(shot: GalleryImage, models: Sequence[str], width: int) -> Iterator[MaskSource]:
    if shot.target is not None:
        truth = mask_png(shrunk(shot.target, width), ignored=True)
        yield MaskSource("t", "ground truth", "", _address("image/png", truth))
    for index, model in enumerate(models):
        if model in shot.predictions:
            mask = mask_png(shrunk(shot.predictions[model], width))
            yield MaskSource(str(index), model, shot.scores[model], _address("image/png", mask))


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
