"""What the named data sets share: a root, splits, and an error that says what was looked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from robustbench_endo.data.base import Listed
from robustbench_endo.data.file_listing import Entry, content
from robustbench_endo.data.subjects import subject_of
from robustbench_endo.errors import DataError

ALL = "all"
"""The split that is every frame."""


@dataclass(frozen=True)
class Layout(Listed):
    """A public data set on disk.

    Args:
        root: the folder it was unpacked to.
        split: one of the data set's, or ``all``; None: ``test`` where there is one, else ``val``, else all.
        class_names: other names for the same labels.
        subject_regex: another grouping, see :func:`robustbench_endo.data.subjects.subject_of`.

    Raises:
        DataError: no such folder, another layout, no such split, an empty one, a frame without its mask, or names
            that are not as many as the labels.
    """

    root: Path
    split: str | None = None
    class_names: tuple[str, ...] | None = None
    subject_regex: str | None = None

    tree = ""
    """The folders that the data set consists of, for the error."""

    @property
    @abstractmethod
    def labels(self) -> tuple[str, ...]:
        """The official names of the mask labels."""

    @abstractmethod
    def _splits(self) -> Mapping[str, Sequence[Entry]]:
        """The frames of each split; a split that the folder does not hold is empty."""

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The frames of the split, sorted by id."""
        if not self.root.is_dir():
            raise DataError(f"Expected a data folder at {self.root}, got none: check the path.")
        splits = self._splits()
        if not any(splits.values()):
            raise DataError(
                f"Expected {self.tree} in {self.root} for {self.name}, got {content(self.root)}: give the folder "
                f"that holds them, or see docs/datasets.md."
            )
        return tuple(sorted(self._chosen(splits), key=lambda entry: entry.id))

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the mask labels."""
        if self.class_names is not None and len(self.class_names) != len(self.labels):
            raise DataError(
                f"Expected {len(self.labels)} class names for {self.name} ({', '.join(self.labels)}), got "
                f"{len(self.class_names)}: leave --classes out."
            )
        return self.class_names or self.labels

    @property
    def activities(self) -> tuple[str, ...]:
        """None of them is annotated."""
        return ()

    def _group(self, entry: Entry) -> str:
        return (
            entry.subject_id
            if self.subject_regex is None and entry.subject_id
            else subject_of(entry.id, self.subject_regex)
        )

    def _chosen(self, splits: Mapping[str, Sequence[Entry]]) -> Sequence[Entry]:
        held = [name for name, entries in splits.items() if entries]
        split = self.split or next((name for name in ("test", "val") if name in held), ALL)
        if split == ALL:
            return [entry for entries in splits.values() for entry in entries]
        if split not in held:
            raise DataError(
                f"Expected a split of {self.name} in {self.root} with frames ({', '.join([*held, ALL])}), got none "
                f"for {split!r}: choose with --split."
            )
        return splits[split]
