"""Base class of the data sets that consist of image files, and the names of mask labels."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from torch import Tensor

from robustbench_endo.data.file_listing import Entry
from robustbench_endo.data.reading import check_image_mode, read_header, read_image, read_mask
from robustbench_endo.data.subjects import subject_of
from robustbench_endo.errors import DataError, FrameError
from robustbench_endo.io_utils import file_sha256
from robustbench_endo.types import ACTIVITY, IGNORE, MASK, Sample


class ImageFolderBase(ABC):
    """Frames in image files, read one by one; meets :class:`robustbench_endo.types.Dataset`.

    A subclass lists the frames and names the labels. It overrides :meth:`_mask` where masks are not written as class
    indices, and extends :meth:`_targets` where frames have targets of further tasks.

    Attributes:
        name: of the data set.
        subject_regex: see :func:`robustbench_endo.data.subjects.subject_of`.
    """

    name: str
    subject_regex: str | None = None

    @property
    @abstractmethod
    def entries(self) -> tuple[Entry, ...]:
        """The frames, sorted by id."""

    @property
    @abstractmethod
    def classes(self) -> tuple[str, ...]:
        """Names of the mask labels, background first."""

    @property
    @abstractmethod
    def activities(self) -> tuple[str, ...]:
        """Names of the activities; empty when there are none."""

    def _subject(self, entry: Entry) -> str:
        """Patient or sequence of a frame; the regular expression overrides what the layout defines."""
        if self.subject_regex is None and entry.subject_id:
            return entry.subject_id
        return subject_of(entry.id, self.subject_regex)

    def _image(self, entry: Entry) -> Tensor:
        """The image of a frame, uint8 (3, H, W)."""
        return read_image(entry.image)

    def _mask(self, entry: Entry) -> Tensor | None:
        """Class indices of a frame, uint8 (H, W), 255 = ignore; None for a frame without mask."""
        return None if entry.mask is None else read_mask(entry.mask)

    def _activity(self, entry: Entry) -> int | None:
        """Class index of a frame's activity; None for a frame without activity."""
        activity = entry.labels.get(ACTIVITY)
        return None if activity is None else self.activities.index(activity)

    def _targets(self, entry: Entry) -> Mapping[str, Tensor | int | None]:
        """Task name -> target of a frame; None for a target that the frame lacks."""
        return {MASK: self._mask(entry), ACTIVITY: self._activity(entry)}

    def _files(self, entry: Entry) -> Sequence[Path]:
        """The files that the fingerprint of a frame covers."""
        return (entry.image, *entry.masks)

    def _readable_masks(self) -> Iterator[Tensor | None]:
        """The masks, without those that cannot be read."""
        for entry in self.entries:
            try:
                yield self._mask(entry)
            except FrameError:
                continue

    @cached_property
    def ids(self) -> Sequence[str]:
        """Posix paths of the frames relative to the root."""
        return [entry.id for entry in self.entries]

    @cached_property
    def subjects(self) -> Sequence[str]:
        """Patient or sequence of each frame."""
        return [self._subject(entry) for entry in self.entries]

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Sample:
        """One frame.

        Raises:
            FrameError: its image or mask cannot be read.
        """
        entry = self.entries[index]
        image = self._image(entry)
        targets = {task: target for task, target in self._targets(entry).items() if target is not None}
        return Sample(image, targets, entry.id, self.subjects[index])

    def check(self, indices: Sequence[int]) -> None:
        """Check the headers of frames and the labels of masks before any long computation.

        Raises:
            DataError: a frame that is not 8-bit RGB, or a mask of another size, coding or with labels beyond the
                classes.
        """
        for index in indices:
            entry = self.entries[index]
            image = read_header(entry.image)
            if image is not None:
                check_image_mode(entry.image, image.mode)
                for mask in entry.masks:
                    _check_size(entry, image.size, mask)
            self._check_labels(entry)

    def fingerprint(self, indices: Sequence[int]) -> str:
        """Hexadecimal SHA-256 over ids, subjects, labels and file contents of the frames."""
        digest = hashlib.sha256()
        for index in indices:
            entry = self.entries[index]
            digest.update(f"{entry.id}\0{self.subjects[index]}\0{entry.labels.get(ACTIVITY)}\0".encode())
            for task, label in entry.labels.items():
                if task != ACTIVITY:
                    digest.update(f"{task}\0{label}\0".encode())
            for path in self._files(entry):
                if path.is_file():
                    digest.update(bytes.fromhex(file_sha256(path)))
        return digest.hexdigest()

    def _check_labels(self, entry: Entry) -> None:
        try:
            mask = self._mask(entry)
        except FrameError:
            return  # reported as unreadable when the frame is read
        highest = -1 if mask is None else highest_label([mask])
        if highest >= len(self.classes):
            raise DataError(
                f"Expected labels from 0 to {len(self.classes) - 1} (or 255 = ignore) in {entry.mask}, got "
                f"{highest}: correct the mask or give all class names with --classes."
            )


def _check_size(entry: Entry, size: tuple[int, int], path: Path) -> None:
    mask = read_header(path)
    if mask is not None and mask.size != size:
        raise DataError(
            f"Expected a mask of the size of its frame {entry.id} ({size[1]} x {size[0]}), got "
            f"{mask.size[1]} x {mask.size[0]} in {path}: resize the mask without interpolation."
        )


def read_class_names(folder: Path) -> tuple[str, ...] | None:
    """The names in ``classes.txt``, one per line, background first; None without that file."""
    path = folder / "classes.txt"
    if not path.is_file():
        return None
    return tuple(line.strip() for line in path.read_text("utf-8").splitlines() if line.strip())


def numbered_class_names(highest: int) -> tuple[str, ...]:
    """``background, class 1, ...`` up to a label, at least two of them.

    >>> numbered_class_names(2)
    ('background', 'class 1', 'class 2')
    """
    return ("background", *(f"class {index}" for index in range(1, max(1, highest) + 1)))


def highest_label(masks: Iterable[Tensor | None]) -> int:
    """The largest label except 255 = ignore in masks uint8 (H, W); 0 without any."""
    return max((int(mask.masked_fill(mask == IGNORE, 0).max()) for mask in masks if mask is not None), default=0)
