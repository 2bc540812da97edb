"""Data sets whose frames are listed in a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from robustbench_endo.data.base import ImageFolderBase, highest_label, numbered_class_names, read_class_names
from robustbench_endo.data.file_listing import Entry, natural_key
from robustbench_endo.data.label_map import LabelMap, find_label_map
from robustbench_endo.data.text_files import has_controls
from robustbench_endo.errors import DataError
from robustbench_endo.tasks import registry as task_registry
from robustbench_endo.tasks.classification.task import Classification
from robustbench_endo.types import ACTIVITY

ALL = "all"
"""The split that is every row."""


_MAX_LENGTH = 1000
"""Characters of a cell: no file system has longer paths in practice."""


class Row(NamedTuple):
    """One frame of a manifest; ``line`` is its line in the file, counted from 1."""

    line: int
    split: str
    entry: Entry


def label_columns() -> dict[str, str]:
    """Column -> attribute with the names of its labels: one column for each classification task.

    >>> label_columns()["activity"]
    'activities'
    """
    return {task.name: task.label_attribute for task in task_registry.TASKS if isinstance(task, Classification)}


def manifest_columns() -> tuple[str, ...]:
    """All columns that a manifest can have."""
    return ("image", "mask", *label_columns(), "subject", "split")


@dataclass(frozen=True)
class ManifestDataset(ImageFolderBase):
    """Frames with masks, labels and subjects as a CSV file lists them.

    Columns: ``image``, and any of ``mask``, ``activity``, ``subject``, ``split``, in any order, with a header. Paths
    are relative to the file's folder; an empty cell means none. Activities are names or numbers; their order is that
    of the numbers or the alphabet, over all splits. Any other classification task has a column of the same kind. A
    frame without subject has that of its file name.

    Args:
        path: the CSV file, UTF-8, separated by commas.
        split: a value of the column ``split``, or ``all``; None: ``test`` where there is one, else all rows.
        class_names: names of the mask labels, background first; None: ``classes.txt`` in the file's folder (one name
            per line), else as many as the masks use.
        subject_regex: see :func:`robustbench_endo.data.subjects.subject_of`; overrides the column ``subject``.
        label_map: values of the masks and their names; None: ``labels.toml`` in the file's folder, else class indices.
        assume_independent_frames: whether every frame is its own subject.

    Raises:
        DataError: no such file, no table, an unknown column, a row without image, an image that does not exist or is
            listed twice, an empty split.
    """

    path: Path
    split: str | None = None
    class_names: tuple[str, ...] | None = None
    subject_regex: str | None = None
    label_map: str | None = None
    assume_independent_frames: bool = False

    @property
    def name(self) -> str:
        """The name of the file without its suffix."""
        return Path(self.path).stem

    @cached_property
    def labels_of_values(self) -> LabelMap | None:
        """The label map of the call, else that of the file's folder; None where values are class indices."""
        return find_label_map(self.label_map, self.root)

    @property
    def root(self) -> Path:
        """The folder that the paths are relative to."""
        return Path(self.path).parent

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """All rows of the file, whatever their split."""
        rows = tuple(_read_rows(Path(self.path)))
        if not rows:
            raise DataError(f"Expected rows in {self.path}, got none: list at least one image.")
        first: dict[str, int] = {}
        for row in rows:
            if (before := first.setdefault(row.entry.id, row.line)) != row.line:
                raise DataError(
                    f"Expected every image once in {self.path}, got {row.entry.id} in lines {before} and {row.line}: "
                    "remove one of them."
                )
        return rows

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The frames of the split, sorted by id."""
        selected = [row for row in self.rows if self._split in (ALL, row.split)]
        for row in selected:
            for kind, path in (("image", row.entry.image), ("mask", row.entry.mask)):
                if path is not None and not path.is_file():
                    raise DataError(
                        f"Expected the {kind} of line {row.line} of {self.path} at {path}, got no such file: paths "
                        f"are relative to {self.root}."
                    )
        return tuple(sorted((row.entry for row in selected), key=lambda entry: entry.id))

    @cached_property
    def activities(self) -> tuple[str, ...]:
        """Names of the activities over all splits, so that an index means the same in each of them."""
        return self._label_names[ACTIVITY]

    def __getattr__(self, name: str) -> tuple[str, ...]:
        """Names of the labels of any other classification task, under its ``label_attribute``."""
        for task, attribute in label_columns().items():
            if attribute == name:
                return self._label_names[task]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the mask labels."""
        return self._given_names or numbered_class_names(highest_label(self._readable_masks()))

    @property
    def classes_are_named(self) -> bool:
        """Whether the names of the classes are given, rather than counted from the largest value of the masks."""
        return self._given_names is not None

    @cached_property
    def _given_names(self) -> tuple[str, ...] | None:
        names = self.class_names or read_class_names(self.root)
        if not names and self.labels_of_values is not None:
            names = self.labels_of_values.names
        return names or None

    @cached_property
    def _label_names(self) -> dict[str, tuple[str, ...]]:
        """Classification task -> names of its labels over all splits."""
        labels = [row.entry.labels for row in self.rows]
        return {
            task: tuple(sorted({names[task] for names in labels if task in names}, key=natural_key))
            for task in label_columns()
        }

    def _targets(self, entry: Entry) -> Mapping[str, Tensor | int | None]:
        classes = {task: self._label_names[task].index(label) for task, label in entry.labels.items()}
        return {**super()._targets(entry), **classes}

    @property
    def _split(self) -> str:
        names = sorted({row.split for row in self.rows if row.split})
        if self.split is None:
            return "test" if "test" in names else ALL
        if self.split not in (*names, ALL):
            available = ", ".join(names) or "no column split, or an empty one"
            raise DataError(
                f"Expected a split {self.split!r} in {self.path}, got {available}: choose with --split, or leave it "
                "out."
            )
        return self.split


def _read_rows(path: Path) -> Iterator[Row]:
    for line, cells in _read_lines(path):
        _check_cells(path, line, cells)
        if not cells["image"]:
            raise DataError(f"Expected an image in line {line} of {path}, got an empty cell: name a file.")
        image, mask = path.parent / cells["image"], cells["mask"]
        yield Row(
            line,
            cells["split"],
            Entry(
                _image_id(path.parent, image),
                image,
                path.parent / mask if mask else None,
                {task: cells[task] for task in label_columns() if cells[task]},
                cells["subject"] or None,
            ),
        )


def _read_lines(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and cells of all columns, empty for columns that the file lacks."""
    if path.exists() and not path.is_file():
        raise DataError(f"Cannot read {path} as a CSV file in UTF-8: no regular file. Check the path and the file.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            _check_header(path, header)
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    if len(cells) != len(header):
                        raise DataError(
                            f"Expected {len(header)} cells ({', '.join(header)}) in line {reader.line_num} of {path}, "
                            f"got {len(cells)}: put a value with a comma in double quotes."
                        )
                    values = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
                    yield reader.line_num, {**dict.fromkeys(manifest_columns(), ""), **values}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else str(error)
        raise DataError(f"Cannot read {path} as a CSV file in UTF-8: {reason}. Check the path and the file.") from error


def _check_cells(path: Path, line: int, cells: Mapping[str, str]) -> None:
    for name, text in cells.items():
        if len(text) > _MAX_LENGTH or has_controls(text):
            raise DataError(
                f"Expected at most {_MAX_LENGTH} characters without control characters in column {name}, line {line} "
                f"of {path}, got {text[:40]!a}: correct the cell."
            )


def _check_header(path: Path, header: list[str]) -> None:
    columns = manifest_columns()
    unknown = [name for name in header if name not in columns]
    if unknown or "image" not in header or len(set(header)) < len(header):
        raise DataError(
            f"Expected the columns {', '.join(columns)} (image at least, each once) in the first line of {path}, got "
            f"{', '.join(header)[:200] or 'an empty file'}: correct the header, separated by commas."
        )


def _image_id(root: Path, image: Path) -> str:
    """Posix path relative to the root; absolute for an image outside it."""
    file, folder = image.resolve(), root.resolve()
    return (file.relative_to(folder) if file.is_relative_to(folder) else file).as_posix()
