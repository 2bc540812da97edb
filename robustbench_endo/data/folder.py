"""The paper's folder layout: ``[split/][activity/]image|mask``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from torch import Tensor

from robustbench_endo.data.base import Listed, highest_label, listed_classes, numbered_classes
from robustbench_endo.data.file_listing import Entry, activity_folders, list_entries, split_root
from robustbench_endo.data.reading import read_mask
from robustbench_endo.data.subjects import subject_of


@dataclass(frozen=True)
class FolderDataset(Listed):
    """Frames in folders; see :func:`robustbench_endo.data.file_listing.list_entries` for the layouts.

    Args:
        root: the data folder.
        split: name of a sub-folder, or None: ``test`` where there is one, else the root itself.
        class_names: names of the mask labels, background first; None: ``classes.txt`` in the root (a name a line),
            else as many as the masks of the split use.
        subject_regex: see :func:`robustbench_endo.data.subjects.subject_of`.

    Raises:
        DataError: no such folder or split, no frame, a frame without mask.
    """

    root: Path
    split: str | None = None
    class_names: tuple[str, ...] | None = None
    subject_regex: str | None = None

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
        listed = listed_classes(self.root)
        return numbered_classes(highest_label(self._readable_masks())) if listed is None else listed

    def _group(self, entry: Entry) -> str:
        return subject_of(entry.id, self.subject_regex)

    def _mask(self, entry: Entry) -> Tensor | None:
        return None if entry.mask is None else read_mask(entry.mask)
