"""The paper's folder layout: ``[split/][activity/]image|mask``."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from robustbench_endo.data.groups import group_of
from robustbench_endo.data.layout import Entry, activity_folders, list_entries, split_root
from robustbench_endo.data.reading import check_image_mode, check_mask_mode, header, read_image, read_mask
from robustbench_endo.errors import DataError, FrameError
from robustbench_endo.types import IGNORE, Sample


@dataclass(frozen=True)
class FolderDataset:
    """Frames in folders; see :func:`robustbench_endo.data.layout.list_entries` for the layouts.

    Args:
        root: the data folder.
        split: name of a sub-folder, or None: ``test`` where there is one, else the root itself.
        class_names: names of the mask labels, background first; None: ``classes.txt`` in the root (a name a line),
            else as many as the masks of the split use.
        group_regex: see :func:`robustbench_endo.data.groups.group_of`.

    Raises:
        DataError: no such folder or split, no frame, a frame without mask.
    """

    root: Path
    split: str | None = None
    class_names: tuple[str, ...] | None = None
    group_regex: str | None = None

    name = "folder"

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The frames, sorted by id."""
        return list_entries(self.root, split_root(self.root, self.split))

    @cached_property
    def activities(self) -> tuple[str, ...]:
        """Names of the activity folders over all splits, sorted; empty when the layout has none."""
        return activity_folders(self.root, split_root(self.root, self.split))

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the mask labels."""
        if self.class_names is not None:
            return self.class_names
        listed = self.root / "classes.txt"
        if listed.is_file():
            return tuple(line.strip() for line in listed.read_text("utf-8").splitlines() if line.strip())
        return ("background", *(f"class {index}" for index in range(1, self._highest_label() + 1)))

    @cached_property
    def ids(self) -> Sequence[str]:
        """Posix paths of the frames relative to the root."""
        return [entry.id for entry in self.entries]

    @cached_property
    def groups(self) -> Sequence[str]:
        """Patient or sequence of each frame."""
        return [group_of(image_id, self.group_regex) for image_id in self.ids]

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Sample:
        """One frame; :class:`FrameError` when it cannot be read."""
        entry = self.entries[index]
        mask = None if entry.mask is None else read_mask(entry.mask)
        activity = None if entry.activity is None else self.activities.index(entry.activity)
        return Sample(read_image(entry.image), mask, activity, entry.id, self.groups[index])

    def check(self, indices: Sequence[int]) -> None:
        """Look at the headers of frames and at the labels of masks, before any long work.

        Raises:
            DataError: a frame that is not 8-bit RGB, a mask of another size, mode or with labels beyond the classes.
        """
        for index in indices:
            entry = self.entries[index]
            image = header(entry.image)
            if image is not None:
                check_image_mode(entry.image, image[0])
            mask = None if entry.mask is None else header(entry.mask)
            if entry.mask is not None and mask is not None:
                check_mask_mode(entry.mask, mask[0])
                if image is not None:
                    _check_size(entry, image[1], mask[1])
                self._check_labels(entry.mask)

    def fingerprint(self, indices: Sequence[int]) -> str:
        """SHA-256 over ids, groups, activities and file contents of the frames."""
        digest = hashlib.sha256()
        for index in indices:
            entry = self.entries[index]
            digest.update(f"{entry.id}\0{self.groups[index]}\0{entry.activity}\0".encode())
            for path in (entry.image, entry.mask):
                if path is not None and path.is_file():
                    digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def _highest_label(self) -> int:
        highest = 1
        for entry in self.entries:
            try:
                mask = None if entry.mask is None else read_mask(entry.mask)
            except FrameError:
                continue
            if mask is not None and bool((mask != IGNORE).any()):
                highest = max(highest, int(mask[mask != IGNORE].max()))
        return highest

    def _check_labels(self, path: Path) -> None:
        try:
            mask = read_mask(path)
        except FrameError:
            return  # listed as unreadable when its turn comes
        labels = mask[mask != IGNORE]
        if len(labels) and int(labels.max()) >= len(self.classes):
            raise DataError(
                f"Expected labels from 0 to {len(self.classes) - 1} (or 255 = ignore) in {path}, found "
                f"{int(labels.max())}: correct the mask or give all class names with --classes."
            )


def _check_size(entry: Entry, image: tuple[int, int], mask: tuple[int, int]) -> None:
    if image != mask:
        raise DataError(
            f"Expected a mask of the size of its frame {entry.id} ({image[1]} x {image[0]}), found "
            f"{mask[1]} x {mask[0]} in {entry.mask}: resize the mask without interpolation."
        )
