"""A data set of another library as one of this package."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from robustbench_endo.data.frame_checks import FrameScan
from robustbench_endo.data.item_reading import ItemKeys, read_item_activity, read_item_image, read_item_mask
from robustbench_endo.data.reading import UnsuitableFrameError
from robustbench_endo.data.subjects import SubjectSource
from robustbench_endo.errors import DataError, FrameError
from robustbench_endo.types import IGNORE, Sample


@dataclass(frozen=True)
class ItemDataset:
    """The items of a data set as frames; meets :class:`robustbench_endo.types.Dataset`.

    Attributes:
        dataset: with a length and items by index.
        keys: where an item has its image and targets.
        name: of the data set.
        classes: names of the mask labels, background first; empty without masks.
        activities: names of the activities; empty without.
        ids: of the frames.
        subjects: patient or sequence of each frame.
        subject_source: where the subjects come from.
        mean, std: of the normalisation of the images, which is undone; None for images in [0, 1].
        notes: for ``run.json``.
    """

    dataset: Any
    keys: ItemKeys
    name: str
    classes: tuple[str, ...]
    activities: tuple[str, ...]
    ids: Sequence[str]
    subjects: Sequence[str]
    subject_source: SubjectSource
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    notes: tuple[str, ...] = ()
    _digests: dict[int, str] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> Sample:
        """One frame.

        Raises:
            FrameError: its item cannot be read.
            DataError: its image or a target cannot be used.
        """
        item = self._item(index)
        try:
            image = read_item_image(self._value(item, self.keys.image), self.mean, self.std)
            mask = None if self.keys.mask is None else read_item_mask(self._value(item, self.keys.mask))
            key = self.keys.activity
            activity = None if key is None else read_item_activity(self._value(item, key), self.activities)
        except DataError as error:
            text = f"{error} This is item {index} of {self.name}."
            raise UnsuitableFrameError(text) from error
        if mask is not None and mask.shape != image.shape[1:]:
            raise UnsuitableFrameError(
                f"Expected a mask of the size of its image ({image.shape[2]} x {image.shape[1]}), got {mask.shape[1]} "
                f"x {mask.shape[0]} in item {index} of {self.name}: resize masks without interpolation."
            )
        return Sample.from_labels(image, mask, activity, self.ids[index], self.subjects[index])

    def _item(self, index: int) -> Any:
        try:
            return self.dataset[index]
        except Exception as error:  # the code of a user's data set
            reason = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".: ")
            raise FrameError(f"Cannot read item {index} of {self.name}: {reason}. Correct the data set.") from error

    def _value(self, item: Any, key: Any) -> Any:
        try:
            return item.get(key) if isinstance(item, Mapping) and key != self.keys.image else item[key]
        except (LookupError, TypeError) as error:
            raise DataError(f"Expected {key!r} in every item, got {type(item).__name__} without it.") from error

    def check(self, indices: Sequence[int]) -> None:
        """Read all frames once, before any long computation; their fingerprints are stored.

        Raises:
            DataError: most frames cannot be used, or masks have values that are no class indices.
        """
        scan = FrameScan(len(indices))
        for index in indices:
            try:
                sample = self[index]
            except FrameError as error:
                scan.unsuitable.append(str(error))
                continue
            scan.count(sample.mask)
            self._digests[index] = _digest(sample)
        scan.refuse(None)
        used = [int(value) for value in np.flatnonzero(scan.pixels) if value != IGNORE]
        names = ", ".join(self.classes)
        if used and max(used) >= len(self.classes):
            raise DataError(
                f"Expected masks with the indices 0 to {len(self.classes) - 1} of the classes {names}, or 255 = "
                f"ignore, got {max(used)}: name all classes in classes=[...]."
            )
        if scan.pixels[IGNORE] and len(used) <= 1:
            raise DataError(
                f"Expected masks with the indices of the classes {names}, got only "
                f"{' and '.join(map(str, [*used, IGNORE]))}, which means ignored: return mask == 255 if it is a class."
            )

    def fingerprint(self, indices: Sequence[int]) -> str:
        """Hexadecimal SHA-256 over ids, subjects and pixels of the frames."""
        parts = []
        for index in indices:
            if index not in self._digests:
                try:
                    self._digests[index] = _digest(self[index])
                except FrameError:
                    self._digests[index] = "unreadable"
            parts.append(f"{self.ids[index]}\0{self.subjects[index]}\0{self._digests[index]}\0")
        return hashlib.sha256("".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _digest(sample: Sample) -> str:
    mask = b"" if sample.mask is None else sample.mask.numpy().tobytes()
    content = sample.image.numpy().tobytes() + mask + f"{sample.activity}{tuple(sample.image.shape)}".encode()
    return hashlib.sha256(content).hexdigest()
