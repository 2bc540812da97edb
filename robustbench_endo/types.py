"""The contracts between the rooms of the house; a user's plug-in meets the same ones as a built-in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor

IGNORE = 255
"""The mask label that counts for nothing."""


@dataclass(frozen=True)
class Sample:
    """One frame with its answers.

    Attributes:
        image: uint8 (3, H, W), RGB.
        mask: uint8 (H, W), class indices, 255 = ignore; None when the frame has none.
        activity: class index; None when the frame has none.
        id: stable name, the posix path relative to the data root.
        subject: patient or sequence, the unit of resampling.
    """

    image: Tensor
    mask: Tensor | None
    activity: int | None
    id: str
    subject_id: str


@runtime_checkable
class Dataset(Protocol):
    """Map-style frames. ``dataset[i]`` raises :class:`~robustbench_endo.errors.FrameError` for an unreadable frame.

    ``ids`` and ``subjects`` are known without decoding a frame.
    """

    @property
    def name(self) -> str: ...
    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def activities(self) -> tuple[str, ...]: ...
    @property
    def ids(self) -> Sequence[str]: ...
    @property
    def subjects(self) -> Sequence[str]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...


@runtime_checkable
class Model(Protocol):
    """A network: float (B, 3, H, W) in [0, 1] -> any of ``segmentation`` (B, C, h, w), ``activity`` (B, K) logits.

    It resizes to ``input_size`` (height, width; None = any) and normalises inside.
    """

    @property
    def input_size(self) -> tuple[int, int] | None: ...

    def __call__(self, images: Tensor) -> dict[str, Tensor]: ...
