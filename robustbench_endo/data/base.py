"""Base class of the data sets that consist of image files, and the names of mask labels."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from robustbench_endo.data.file_listing import Entry
from robustbench_endo.data.frame_checks import FrameScan, check_files, check_masks_exist, check_size
from robustbench_endo.data.label_map import LabelMap, UnmappedValuesError
from robustbench_endo.data.mask_coding import Counts, coding_problem
from robustbench_endo.data.reading import UnsuitableFrameError, read_header, read_image, read_mask
from robustbench_endo.data.subjects import ALL_FRAMES, SubjectSource, names_give_subjects, subject_of
from robustbench_endo.data.text_files import read_text
from robustbench_endo.errors import DataError, FrameError
from robustbench_endo.io_utils import file_sha256
from robustbench_endo.types import ACTIVITY, IGNORE, MASK, Sample


class ImageFolderBase(ABC):
    """Frames in image files, read one by one; meets :class:`robustbench_endo.types.Dataset`.

    A subclass lists the frames and names the labels. It overrides :meth:`_mask` where masks are not written as class
    indices, and extends :meth:`_targets` where frames have targets of further tasks.

    Attributes:
        subject_regex: see :func:`robustbench_endo.data.subjects.subject_of`.
        assume_independent_frames: whether every frame is its own subject.
        names_identify_subjects: whether file names may identify patients or sequences.
    """

    subject_regex: str | None = None
    assume_independent_frames: bool = False
    names_identify_subjects = True

    @property
    @abstractmethod
    def name(self) -> str:
        """Name of the data set."""

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

    @property
    def classes_are_named(self) -> bool:
        """Whether the names of the classes are given, rather than counted from the largest value of the masks."""
        return True

    @property
    def labels_of_values(self) -> LabelMap | None:
        """The label map that masks are read with; None where their values are class indices."""
        return None

    @cached_property
    def subject_source(self) -> SubjectSource:
        """Where the subjects come from; ``none``: the data give none, and all frames are one subject."""
        if self.assume_independent_frames:
            return "independent frames"
        if self.subject_regex is not None:
            return "regex"
        if any(entry.subject_id for entry in self.entries):
            return "layout"
        named = self.names_identify_subjects and names_give_subjects(self.ids)
        return "file names" if named else "none"

    def _subject(self, entry: Entry) -> str:
        """Patient or sequence of a frame; the regular expression overrides what the layout defines."""
        if self.subject_source == "independent frames":
            return entry.id
        if self.subject_source == "none":
            return ALL_FRAMES
        if self.subject_regex is None and entry.subject_id:
            return entry.subject_id
        return subject_of(self._path(entry), self.subject_regex)

    def _path(self, entry: Entry) -> str:
        """The text that a regular expression for subjects is searched in."""
        return entry.id

    def _image(self, entry: Entry) -> Tensor:
        """The image of a frame, uint8 (3, H, W)."""
        return read_image(entry.image)

    def _mask(self, entry: Entry) -> Tensor | None:
        """Class indices of a frame, uint8 (H, W), 255 = ignore; None for a frame without mask."""
        if entry.mask is None:
            return None
        label_map = self.labels_of_values
        if label_map is None:
            return read_mask(entry.mask)
        codes = label_map.read_codes(entry.mask)
        if unmapped := label_map.unmapped(codes):
            raise label_map.unmapped_error(unmapped, 1, 1, entry.mask)
        return torch.from_numpy(label_map.decode(codes, self.classes))

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
            except DataError:  # named by the check
                continue

    @cached_property
    def ids(self) -> Sequence[str]:
        """Posix paths of the frames."""
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
        check_masks_exist(entry)
        image = self._image(entry)
        targets = {task: target for task, target in self._targets(entry).items() if target is not None}
        sample = Sample(image, targets, entry.id, self.subjects[index])
        if sample.mask is not None:
            check_size(entry, image.shape[1:], sample.mask.shape)
        return sample

    def check(self, indices: Sequence[int]) -> None:
        """Check headers of frames, and the values of masks, before any long computation.

        A frame that cannot be used is left out when it is read, unless most frames are like it.

        Raises:
            DataError: most frames cannot be used, the values of masks cannot be class indices, or labels beyond the
                classes or the label map.
        """
        pixels = self.check_files(indices).pixels
        # Single frames may have one class, or none of a rare one: all frames of the split decide.
        if self._coding_problem(pixels) and len(indices) < len(self):
            pixels = self.check_files(range(len(self))).pixels
        if problem := self._coding_problem(pixels):
            raise DataError(problem)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What was done to the files when they were read, for ``run.json``."""
        turned = sum(self.is_turned(index) for index in range(len(self)))
        return (f"{turned} of {len(self)} frames have an EXIF orientation and were turned.",) if turned else ()

    def is_turned(self, index: int) -> bool:
        """Whether the image of a frame, or a mask of it, has an EXIF orientation that turns or mirrors it."""
        entry = self.entries[index]
        for path in (entry.image, *entry.masks):
            try:
                header = read_header(path)
            except FrameError:
                continue
            if header is not None and header.turned:
                return True
        return False

    def _coding_problem(self, pixels: Counts) -> str | None:
        return coding_problem(pixels, self.classes, named=self.classes_are_named)

    def check_files(self, indices: Sequence[int]) -> FrameScan:
        """Check that most frames can be used, whatever the values of their masks mean.

        Raises:
            DataError: more than half of the frames cannot be used, or labels beyond the classes or the label map.
        """
        scan = FrameScan(len(indices))
        for index in indices:
            entry = self.entries[index]
            try:
                check_files(entry)
                scan.count(self._check_labels(entry))
            except UnsuitableFrameError as error:
                scan.unsuitable.append(str(error))
            except UnmappedValuesError as error:
                scan.unmapped[entry.mask] = error.values
        scan.refuse(self.labels_of_values)
        return scan

    def fingerprint(self, indices: Sequence[int]) -> str:
        """Hexadecimal SHA-256 over ids, subjects, labels and file contents of the frames."""
        digest = hashlib.sha256(b"" if self.labels_of_values is None else str(self.labels_of_values).encode())
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

    def _check_labels(self, entry: Entry) -> Tensor | None:
        """The labels of a frame; None where they cannot be read, which is reported when the frame is read."""
        try:
            mask = self._mask(entry)
        except UnsuitableFrameError:
            raise
        except FrameError:
            return None
        highest = -1 if mask is None else highest_label([mask])
        if highest >= len(self.classes):
            raise DataError(
                f"Expected labels from 0 to {len(self.classes) - 1} (or 255 = ignore) in {entry.mask}, got "
                f"{highest}: correct the mask, give all class names with --classes, or map the values with --label-map."
            )
        return mask


def read_class_names(folder: Path) -> tuple[str, ...] | None:
    """The names in ``classes.txt``, one per line, background first; None without that file.

    Raises:
        DataError: the file cannot be read.
    """
    path = folder / "classes.txt"
    if not path.is_file():
        return None
    return tuple(line.strip() for line in read_text(path).splitlines() if line.strip())


def numbered_class_names(highest: int) -> tuple[str, ...]:
    """``background, class 1, ...`` up to a label, at least two of them.

    >>> numbered_class_names(2)
    ('background', 'class 1', 'class 2')
    """
    return ("background", *(f"class {index}" for index in range(1, max(1, highest) + 1)))


def highest_label(masks: Iterable[Tensor | None]) -> int:
    """The largest label except 255 = ignore in masks uint8 (H, W); 0 without any."""
    return max((int(mask.masked_fill(mask == IGNORE, 0).max()) for mask in masks if mask is not None), default=0)
