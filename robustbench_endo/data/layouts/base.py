"""Base class of the public data sets: a root folder, splits, fixed labels."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from robustbench_endo.data.base import ImageFolderBase
from robustbench_endo.data.file_listing import Entry, summarize_folder
from robustbench_endo.errors import DataError

ALL = "all"
"""The split that contains every frame."""


@dataclass(frozen=True)
class Layout(ImageFolderBase):
    """A public data set on disk.

    Args:
        root: the folder it was unpacked to.
        split: one of the data set's splits, or ``all``; None: ``test`` where there is one, else ``val``, else all.
        class_names: other names for the same labels.
        subject_regex: another grouping, see :func:`robustbench_endo.data.subjects.subject_of`.
        assume_independent_frames: whether every frame is its own subject.

    Raises:
        DataError: no such folder, another layout, no such split, an empty one, a frame without its mask, or another
            number of names than of labels.
    """

    root: Path
    split: str | None = None
    class_names: tuple[str, ...] | None = None
    subject_regex: str | None = None
    assume_independent_frames: bool = False

    tree = ""
    """The folders that the data set consists of, for the error."""

    @property
    @abstractmethod
    def labels(self) -> tuple[str, ...]:
        """The official names of the mask labels."""

    @abstractmethod
    def _splits(self) -> Mapping[str, Sequence[Entry]]:
        """The frames of each split; empty for a split that the folder lacks."""

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The frames of the split, sorted by id."""
        if not self.root.is_dir():
            raise DataError(f"Expected a data folder at {self.root}, got none: check the path.")
        splits = self._splits()
        if not any(splits.values()):
            raise DataError(
                f"Expected {self.tree} in {self.root} for {self.name}, got {summarize_folder(self.root)}: give the "
                "folder that contains them, or see docs/datasets.md."
            )
        return tuple(sorted(self._select(splits), key=lambda entry: entry.id))

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the mask labels."""
        return check_class_names(self.name, self.class_names, self.labels)

    @property
    def activities(self) -> tuple[str, ...]:
        """Empty: these data sets have no activities."""
        return ()

    def _select(self, splits: Mapping[str, Sequence[Entry]]) -> Sequence[Entry]:
        available = [name for name, entries in splits.items() if entries]
        split = self.split or next((name for name in ("test", "val") if name in available), ALL)
        if split == ALL:
            return [entry for entries in splits.values() for entry in entries]
        if split not in available:
            raise DataError(
                f"Expected a split of {self.name} in {self.root} with frames ({', '.join([*available, ALL])}), got "
                f"none for {split!r}: choose with --split."
            )
        return splits[split]


def check_class_names(name: str, class_names: tuple[str, ...] | None, labels: tuple[str, ...]) -> tuple[str, ...]:
    """The names of a data set's mask labels: the user's, else the official ones.

    Raises:
        DataError: another number of names than of labels.
    """
    if class_names is not None and len(class_names) != len(labels):
        raise DataError(
            f"Expected {len(labels)} class names for {name} ({', '.join(labels)}), got {len(class_names)}: leave "
            "--classes out."
        )
    return class_names or labels
