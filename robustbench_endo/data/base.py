"""What every data set on disk shares: a list of frames, read one by one."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

from torch import Tensor

from robustbench_endo.data.file_listing import Entry
from robustbench_endo.data.reading import check_image_mode, header, read_image
from robustbench_endo.errors import DataError, FrameError
from robustbench_endo.types import IGNORE, Sample


class Listed(ABC):
    """Frames on disk; a subclass lists them and says how a mask is written.

    It meets :class:`robustbench_endo.types.Dataset`.
    """

    name: str

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

    @abstractmethod
    def _group(self, entry: Entry) -> str:
        """Patient or sequence of a frame."""

    @abstractmethod
    def _mask(self, entry: Entry) -> Tensor | None:
        """Class indices of a frame, uint8 (H, W), 255 = ignore."""

    def _image(self, entry: Entry) -> Tensor:
        """The picture of a frame, uint8 (3, H, W)."""
        return read_image(entry.image)

    def _activity(self, entry: Entry) -> int | None:
        return None if entry.activity is None else self.activities.index(entry.activity)

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
        return [self._group(entry) for entry in self.entries]

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Sample:
        """One frame; :class:`FrameError` when it cannot be read."""
        entry = self.entries[index]
        return Sample.from_labels(
            self._image(entry), self._mask(entry), self._activity(entry), entry.id, self.subjects[index]
        )

    def check(self, indices: Sequence[int]) -> None:
        """Look at the headers of frames and at the labels of masks, before any long work.

        Raises:
            DataError: a frame that is not 8-bit RGB, a mask of another size, coding or with labels beyond the classes.
        """
        for index in indices:
            entry = self.entries[index]
            image = header(entry.image)
            if image is not None:
                check_image_mode(entry.image, image[0])
                for mask in entry.masks:
                    _check_size(entry, image[1], mask)
            self._check_labels(entry)

    def fingerprint(self, indices: Sequence[int]) -> str:
        """SHA-256 over ids, subjects, activities and file contents of the frames."""
        digest = hashlib.sha256()
        for index in indices:
            entry = self.entries[index]
            digest.update(f"{entry.id}\0{self.subjects[index]}\0{entry.activity}\0".encode())
            for path in self._files(entry):
                if path.is_file():
                    digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def _check_labels(self, entry: Entry) -> None:
        try:
            mask = self._mask(entry)
        except FrameError:
            return  # listed as unreadable when its turn comes
        highest = -1 if mask is None else int(mask.masked_fill(mask == IGNORE, 0).max())
        if highest >= len(self.classes):
            raise DataError(
                f"Expected labels from 0 to {len(self.classes) - 1} (or 255 = ignore) in {entry.mask}, got "
                f"{highest}: correct the mask or give all class names with --classes."
            )


def _check_size(entry: Entry, image: tuple[int, int], path: Path) -> None:
    mask = header(path)
    if mask is not None and mask[1] != image:
        raise DataError(
            f"Expected a mask of the size of its frame {entry.id} ({image[1]} x {image[0]}), got "
            f"{mask[1][1]} x {mask[1][0]} in {path}: resize the mask without interpolation."
        )


def listed_classes(folder: Path) -> tuple[str, ...] | None:
    """The names in ``classes.txt``, one a line, background first; None without that file."""
    listed = folder / "classes.txt"
    if not listed.is_file():
        return None
    return tuple(line.strip() for line in listed.read_text("utf-8").splitlines() if line.strip())


def numbered_classes(highest: int) -> tuple[str, ...]:
    """``background, class 1, ...`` up to a label, at least two of them."""
    return ("background", *(f"class {index}" for index in range(1, max(1, highest) + 1)))


def highest_label(masks: Iterable[Tensor | None]) -> int:
    """The largest label but 255 = ignore of masks uint8 (H, W); 0 without any."""
    return max((int(mask.masked_fill(mask == IGNORE, 0).max()) for mask in masks if mask is not None), default=0)
