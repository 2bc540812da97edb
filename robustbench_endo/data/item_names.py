"""Names of the items of other data sets, which must not depend on the machine or on a selection of items."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from robustbench_endo.errors import DataError

NAME_ATTRIBUTES = ("ids", "paths", "image_paths", "img_paths", "files", "filenames", "image_files", "samples", "imgs")
"""Attributes of data sets with a name or path for each item, or a pair of it and a label."""


def item_ids(dataset: Any) -> list[str]:
    """A stable name for each item: from an attribute of the data set with names or paths, else its index.

    Paths are relative to the folder that all of them share. The items of a ``Subset`` have the names that they have in
    the data set, and those of a ``ConcatDataset`` the names of their parts, which are numbered where names repeat.

    >>> item_ids(["first", "second"])
    ['0', '1']
    """
    indices, inner = getattr(dataset, "indices", None), getattr(dataset, "dataset", None)
    if indices is not None and inner is not None:
        names = item_ids(inner)
        return [names[index] for index in indices]
    if isinstance(parts := getattr(dataset, "datasets", None), (list, tuple)):
        groups = [item_ids(part) for part in parts]
        names = [name for group in groups for name in group]
        if len(set(names)) < len(names):
            return [f"{number}/{name}" for number, group in enumerate(groups) for name in group]
        return names
    count = len(dataset)
    return _names_of(dataset, count) or [str(index).zfill(len(str(count - 1))) for index in range(count)]


def _names_of(dataset: Any, count: int) -> list[str]:
    """The names in an attribute of a data set; empty without one that names every item differently."""
    for attribute in NAME_ATTRIBUTES:
        values = getattr(dataset, attribute, None)
        if not isinstance(values, (list, tuple)) or len(values) != count:
            continue
        names = [value[0] if isinstance(value, (list, tuple)) and value else value for value in values]
        if names and all(isinstance(name, (str, PurePath)) for name in names):
            relative = _relative(names)
            if len(set(relative)) == count:
                return relative
    return []


def _relative(names: Sequence[Any]) -> list[str]:
    """Posix paths relative to the folder that all absolute ones share."""
    paths = [PurePath(name) for name in names]
    if all(path.is_absolute() for path in paths):
        folder = os.path.commonpath([path.parent for path in paths])
        paths = [path.relative_to(folder) for path in paths]
    return [path.as_posix() for path in paths]


def check_names(argument: str, values: Any, count: int, *, distinct: bool) -> list[str]:
    """Names that a caller gives, one per item, as texts.

    Raises:
        DataError: another number of them, another kind, or names that repeat.
    """
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise DataError(f"Expected {argument} to be one text per item, got {values!r}: give a list of {count}.")
    names = [str(value) if isinstance(value, (int, PurePath)) else value for value in values]
    if len(names) != count or not all(isinstance(name, str) for name in names):
        got = f"{len(names)} values" if len(names) != count else next(n for n in names if not isinstance(n, str))
        raise DataError(f"Expected {argument} to be one text for each of the {count} items, got {got}: give {count}.")
    repeated = [name for name, number in Counter(names).items() if number > 1]
    if distinct and repeated:
        raise DataError(f"Expected {argument} that differ, got {repeated[0]!r} more than once: number them.")
    return names
