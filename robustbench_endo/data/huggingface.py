"""Data sets of the package datasets of Hugging Face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from robustbench_endo.data.from_torch import Labels, from_torch
from robustbench_endo.data.item_dataset import ItemDataset
from robustbench_endo.data.item_reading import find_keys
from robustbench_endo.errors import DataError, unknown_name

ID_COLUMNS = ("id", "image_id", "file_name", "filename", "path")
"""Columns that are tried as names of the frames."""


def from_huggingface(
    dataset: Any,
    classes: Labels | None = None,
    activities: Labels | None = None,
    *,
    name: str | None = None,
    image: str | None = None,
    mask: str | None = None,
    activity: str | None = None,
    ids: str | Sequence[str] | None = None,
    subjects: str | Sequence[str] | None = None,
    subject_regex: str | None = None,
    assume_independent_frames: bool = False,
) -> ItemDataset:
    """A ``datasets.Dataset`` of Hugging Face as data for :func:`evaluate`.

    Args:
        dataset: one split, with a column of images and one of masks, activities, or both.
        classes: names of the mask labels by index, background first; by default those of the column's ``ClassLabel``.
        activities: names of the activities by index; by default those of the column's ``ClassLabel``.
        name: of the data set; by default its builder's name.
        image, mask, activity: columns; by default recognised by usual names and by their values.
        ids: names of the frames, or the column with them; by default a column such as ``id`` or ``file_name``, else the
            index, which ``shuffle`` and ``select`` change.
        subjects: patient or sequence of each frame, or the column with them; by default unknown: all frames are one
            subject, and reports say so.
        subject_regex, assume_independent_frames: see :func:`from_torch`.

    Raises:
        DataError: several splits, a stream, or what :func:`from_torch` refuses.
        UnknownNameError: no such column; names the closest matches.
    """
    _check_dataset(dataset)
    for column in (image, mask, activity, *(each for each in (ids, subjects) if isinstance(each, str))):
        if column is not None and column not in dataset.column_names:
            raise unknown_name("column of the data set", column, dataset.column_names)
    keys = find_keys(dataset[0], image, mask, activity)
    names = getattr(getattr(dataset, "info", None), "dataset_name", None) or type(dataset).__name__
    return from_torch(
        dataset,
        _names(dataset, keys.mask) if classes is None else classes,
        _names(dataset, keys.activity) if activities is None else activities,
        name=name or names,
        image=keys.image,
        mask=keys.mask,
        activity=keys.activity,
        ids=_column(dataset, ids) or _default_ids(dataset),
        subjects=_column(dataset, subjects),
        subject_regex=subject_regex,
        assume_independent_frames=assume_independent_frames,
    )


def _check_dataset(dataset: Any) -> None:
    kind = type(dataset).__name__
    if isinstance(dataset, Mapping):
        splits = ", ".join(map(repr, dataset))
        raise DataError(f"Expected one split of a data set, got a {kind} with {splits}: give dataset['test'], say.")
    if kind == "IterableDataset":
        raise DataError(
            "Expected a data set with items by index, got an IterableDataset: load it without streaming=True, or take "
            "a part, rb.from_torch(list(dataset.take(100)), ...)."
        )
    if not hasattr(dataset, "column_names") or not hasattr(dataset, "features"):
        raise DataError(f"Expected a Dataset of the package datasets, got {kind}: other data sets by rb.from_torch.")
    if len(dataset) == 0:
        raise DataError("Expected at least one frame, got an empty data set: check its split and filters.")


def _names(dataset: Any, column: Any) -> tuple[str, ...] | None:
    """The names of a column's labels, at any depth of lists; None where it has none."""
    feature = None if column is None else dataset.features.get(column)
    while feature is not None and not getattr(feature, "names", None):
        feature = getattr(feature, "feature", None)
    return None if feature is None else tuple(feature.names)


def _column(dataset: Any, values: Any) -> Any:
    """Values, or those of the column that a text names."""
    return list(map(str, dataset[values])) if isinstance(values, str) else values


def _default_ids(dataset: Any) -> list[str] | None:
    """The names in a column that names every frame differently."""
    for column in ID_COLUMNS:
        if column in dataset.column_names:
            names = list(map(str, dataset[column]))
            if len(set(names)) == len(names):
                return names
    return None
