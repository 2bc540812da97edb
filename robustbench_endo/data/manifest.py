"""Frames listed in a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from robustbench_endo.data.base import Listed, highest_label, listed_classes, numbered_classes
from robustbench_endo.data.file_listing import Entry, natural
from robustbench_endo.data.reading import read_mask
from robustbench_endo.data.subjects import subject_of
from robustbench_endo.errors import DataError, FrameError

COLUMNS = ("image", "mask", "activity", "subject", "split")
ALL = "all"
"""The split that is every row."""


class Row(NamedTuple):
    """One frame of a manifest; ``line`` is where it stands in the file."""

    line: int
    split: str
    entry: Entry


@dataclass(frozen=True)
class ManifestDataset(Listed):
    """Frames with masks, activities and subjects as a CSV file says.

    Columns: ``image``, and any of ``mask``, ``activity``, ``subject``, ``split``, in any order, with a header. Paths
    are relative to the file's folder; an empty cell means none. Activities are names or numbers; their order is that
    of the numbers or the alphabet, over all splits. A frame without subject has that of its file name.

    Args:
        path: the CSV file, UTF-8, separated by commas.
        split: a value of the column ``split``, or ``all``; None: ``test`` where there is one, else all rows.
        class_names: names of the mask labels, background first; None: ``classes.txt`` beside the file (a name a line),
            else as many as the masks use.
        subject_regex: see :func:`robustbench_endo.data.subjects.subject_of`; it goes before the column ``subject``.

    Raises:
        DataError: no such file, no table, an unknown column, a row without image, a picture that is not there or listed
            twice, an empty split.
    """

    path: Path
    split: str | None = None
    class_names: tuple[str, ...] | None = None
    subject_regex: str | None = None

    name = "manifest"

    @property
    def root(self) -> Path:
        """The folder that the paths are relative to."""
        return Path(self.path).parent

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """All rows of the file, whatever their split."""
        rows = tuple(_rows(Path(self.path)))
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
        chosen = [row for row in self.rows if self._split in (ALL, row.split)]
        for row in chosen:
            for kind, path in (("image", row.entry.image), ("mask", row.entry.mask)):
                if path is not None and not path.is_file():
                    raise DataError(
                        f"Expected the {kind} of line {row.line} of {self.path} at {path}, got no such file: paths "
                        f"are relative to {self.root}."
                    )
        return tuple(sorted((row.entry for row in chosen), key=lambda entry: entry.id))

    @cached_property
    def activities(self) -> tuple[str, ...]:
        """Names of the activities over all splits, so that an index means the same in each of them."""
        return tuple(sorted({row.entry.activity for row in self.rows if row.entry.activity is not None}, key=natural))

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the mask labels."""
        named = self.class_names or listed_classes(self.root)
        return named or numbered_classes(highest_label(self._readable_masks()))

    def _group(self, entry: Entry) -> str:
        return (
            entry.subject_id
            if self.subject_regex is None and entry.subject_id
            else subject_of(entry.id, self.subject_regex)
        )

    def _mask(self, entry: Entry) -> Tensor | None:
        return None if entry.mask is None else read_mask(entry.mask)

    @property
    def _split(self) -> str:
        names = sorted({row.split for row in self.rows if row.split})
        if self.split is None:
            return "test" if "test" in names else ALL
        if self.split not in (*names, ALL):
            found = ", ".join(names) or "no column split, or an empty one"
            raise DataError(
                f"Expected a split {self.split!r} in {self.path}, got {found}: choose with --split, or leave it out."
            )
        return self.split

    def _readable_masks(self) -> Iterator[Tensor | None]:
        for entry in self.entries:
            try:
                yield self._mask(entry)
            except FrameError:
                continue


def _rows(path: Path) -> Iterator[Row]:
    for line, cells in _lines(path):
        if not cells["image"]:
            raise DataError(f"Expected an image in line {line} of {path}, got an empty cell: name a file.")
        image, mask = path.parent / cells["image"], cells["mask"]
        yield Row(
            line,
            cells["split"],
            Entry(
                _id(path.parent, image),
                image,
                path.parent / mask if mask else None,
                cells["activity"] or None,
                cells["subject"] or None,
            ),
        )


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and cells of all columns, those that the file lacks empty."""
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
                    yield (
                        reader.line_num,
                        dict.fromkeys(COLUMNS, "")
                        | {name: cell.strip() for name, cell in zip(header, cells, strict=True)},
                    )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else str(error)
        raise DataError(f"Expected a CSV file in UTF-8 at {path}, got {found}: check the path and the file.") from error


def _check_header(path: Path, header: list[str]) -> None:
    unknown = [name for name in header if name not in COLUMNS]
    if unknown or "image" not in header or len(set(header)) < len(header):
        raise DataError(
            f"Expected the columns {', '.join(COLUMNS)} (image at least, each once) in the first line of {path}, got "
            f"{', '.join(header) or 'an empty file'}: correct the header, separated by commas."
        )


def _id(root: Path, image: Path) -> str:
    inside = image.resolve()
    home = root.resolve()
    return (inside.relative_to(home) if inside.is_relative_to(home) else inside).as_posix()
