"""The thumbnails that a run stores with ``--keep-frames``, as data addresses within a budget of bytes."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from robustbench_endo.reports.data.gallery import encode_label_map
from robustbench_endo.results.kept_frames import KeptFrame

BUDGET = 2_000_000
"""Characters of all thumbnails in a page."""


@dataclass(frozen=True)
class Thumbnail:
    """A frame at a condition.

    Attributes:
        frame: what it shows.
        source: data address of the image.
        masks: position of a model -> data address of its label map.
    """

    frame: KeptFrame
    source: str
    masks: Mapping[int, str]

    @property
    def size(self) -> int:
        """Characters in the page."""
        return len(self.source) + sum(map(len, self.masks.values()))


def thumbnails(frames: Sequence[KeptFrame], models: Sequence[str], budget: int = BUDGET) -> list[Thumbnail]:
    """Those that fit: all with their masks, else one of each kind, else without masks, else none.

    Args:
        frames: of the run.
        models: of the page, in order.
        budget: characters.
    """
    first = [frame for frame in frames if frame.rank == 0]
    for selected, with_masks in ((frames, True), (first, True), (first, False)):
        sources: list[Thumbnail] = []
        size = 0
        for frame in selected:
            sources.append(_thumbnail(frame, models if with_masks else ()))
            size += sources[-1].size
            if size > budget:
                break
        else:
            return sources
    return []


def _thumbnail(frame: KeptFrame, models: Sequence[str]) -> Thumbnail:
    maps = {index: frame.label_map(model) for index, model in enumerate(models)}
    masks = {index: _address("png", encode_label_map(labels)) for index, labels in maps.items() if labels is not None}
    return Thumbnail(frame, _address("webp", frame.image), masks)


def _address(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
