"""The pictures of the contact sheet as data addresses, within a budget of bytes."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .gallery import Sheet, Shot
from .labels import title
from .pictures import jpeg, mask_png, shrunk

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
class PictureSources:
    """The clean shot and, by printed corruption, the shots at each severity; a missing one is None."""

    clean: ShotSource | None
    rows: list[tuple[str, list[ShotSource | None]]]

    @property
    def size(self) -> int:
        """Characters in the page."""
        shots = [self.clean, *(shot for _, row in self.rows for shot in row)]
        return sum(shot.size for shot in shots if shot)


def picture_sources(sheet: Sheet, models: Sequence[str], budget: int = BUDGET) -> PictureSources:
    """The sheet at the largest size that fits ``budget``; the smallest form is taken whatever it weighs."""
    made = _sources(sheet, models, *_FORMS[0])
    for width, quality in _FORMS[1:]:
        if made.size <= budget:
            break
        made = _sources(sheet, models, width, quality)
    return made


def _sources(sheet: Sheet, models: Sequence[str], width: int, quality: int) -> PictureSources:
    def source(shot: Shot | None) -> ShotSource | None:
        if shot is None:
            return None
        picture = shrunk(shot.picture, width)
        address = _address("image/jpeg", jpeg(picture, quality))
        return ShotSource(address, picture.shape[1], picture.shape[0], tuple(_masks(shot, models, width)))

    rows = [(title(name), [source(shot) for shot in shots]) for name, shots in sheet.rows.items()]
    return PictureSources(source(sheet.clean), rows)


def _masks(shot: Shot, models: Sequence[str], width: int) -> Iterator[MaskSource]:
    if shot.target is not None:
        yield MaskSource("t", "ground truth", "", _address("image/png", mask_png(shrunk(shot.target, width))))
    for index, model in enumerate(models):
        if model in shot.predictions:
            mask = mask_png(shrunk(shot.predictions[model], width))
            yield MaskSource(str(index), model, shot.scores[model], _address("image/png", mask))


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
