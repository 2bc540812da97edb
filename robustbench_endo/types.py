"""Core data types and protocols: what a data set, built in or a user's own, provides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor

IGNORE = 255
"""Label of mask pixels that enter no metric and no loss."""

MASK, ACTIVITY = "segmentation", "activity"
"""Keys of ``Sample.targets`` that the built-in data sets provide; each is the name of a task."""


@dataclass(frozen=True)
class Sample:
    """One frame with its targets.

    Attributes:
        image: uint8 (3, H, W), RGB.
        targets: task name -> target: ``segmentation`` -> uint8 (H, W) class indices, 255 = ignore; ``activity`` ->
            class index. A target that the frame lacks is absent.
        id: stable name, the posix path relative to the data root.
        subject_id: patient or sequence, the unit of resampling.

    >>> import torch
    >>> frame = Sample(torch.zeros(3, 4, 6, dtype=torch.uint8), {"activity": 2}, "a.png", "patient 1")
    >>> frame.activity, frame.mask
    (2, None)
    """

    image: Tensor
    targets: Mapping[str, Tensor | int]
    id: str
    subject_id: str

    @classmethod
    def from_labels(
        cls, image: Tensor, mask: Tensor | None, activity: int | None, image_id: str, subject_id: str
    ) -> Sample:
        """A frame whose mask and activity may be missing (None)."""
        labels: dict[str, Tensor | int | None] = {MASK: mask, ACTIVITY: activity}
        return cls(image, {task: target for task, target in labels.items() if target is not None}, image_id, subject_id)

    @property
    def mask(self) -> Tensor | None:
        """The segmentation target, uint8 (H, W); None when the frame has none."""
        target = self.targets.get(MASK)
        return target if isinstance(target, Tensor) else None

    @property
    def activity(self) -> int | None:
        """The activity's class index; None when the frame has none."""
        target = self.targets.get(ACTIVITY)
        return None if target is None else int(target)


@runtime_checkable
class Dataset(Protocol):
    """Map-style frames. ``dataset[i]`` raises :class:`~robustbench_endo.errors.FrameError` for an unreadable frame.

    Attributes:
        name: of the data set.
        classes: names of the mask labels, background first; empty without masks.
        activities: names of the activities; empty without activities.
        ids: of the frames, known without decoding one.
        subjects: patient or sequence of each frame, known without decoding one.
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
    """A network: float (B, 3, H, W) in [0, 1] -> logits by task, such as ``segmentation`` (B, C, h, w), ``activity``
    (B, K).

    It resizes to ``input_size`` (height, width; None = any) and normalises inside.
    """

    @property
    def input_size(self) -> tuple[int, int] | None: ...

    def __call__(self, images: Tensor) -> dict[str, Tensor]: ...
