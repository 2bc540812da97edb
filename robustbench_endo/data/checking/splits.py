"""The splits of a data set that is only named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from robustbench_endo.data.folder import FolderDataset
from robustbench_endo.data.layout import IMAGES, activity_folders
from robustbench_endo.data.manifest import ManifestDataset
from robustbench_endo.data.registry import load_dataset
from robustbench_endo.errors import DataError
from robustbench_endo.types import Dataset

USUAL = ("train", "val", "test")
WHOLE = "all"
"""What an undivided data set calls its one split here."""


def splits_of(
    spec: str | Path,
    names: Sequence[str] = (),
    classes: tuple[str, ...] | None = None,
    group_regex: str | None = None,
) -> tuple[dict[str, Dataset], dict[str, str]]:
    """The splits of a data set, listed, and those that cannot be -> why.

    Args:
        spec: as for :func:`robustbench_endo.data.load_dataset`.
        names: the splits to open; none: all that there are.
        classes, group_regex: options of the data set; None for its defaults.

    Raises:
        DataError, UnknownNameError: no such data set, a named split that is not there, or no split with frames.
    """
    opened: dict[str, Dataset] = {}
    broken: dict[str, str] = {}

    def load(split: str | None) -> Dataset:
        dataset = load_dataset(spec, split=split, classes=classes, group_regex=group_regex)
        if getattr(dataset, "split", split) != split:
            raise _UndividedError(
                f"Expected a split {split!r} of {spec}, found data without splits: leave --split out."
            )
        if not len(dataset):
            raise DataError(f"Expected frames in the split {split or WHOLE}, found none: choose another.")
        return dataset

    found = tuple(names) or _there(load_dataset(spec, classes=classes, group_regex=group_regex))
    for split in found or USUAL:
        try:
            opened[split] = load(split)
        except DataError as error:
            if names:
                raise
            if found and not isinstance(error, _UndividedError):
                broken[split] = str(error)
    if opened:
        return opened, broken
    if broken:
        raise DataError(next(iter(broken.values())))
    return {WHOLE: load(None)}, {}


class _UndividedError(DataError):
    """A data set that has no splits, whatever it is asked for."""


def _there(dataset: Dataset) -> tuple[str, ...]:
    """Names of the splits of a folder or a manifest; empty when undivided, or when nobody can tell."""
    if isinstance(dataset, ManifestDataset):
        return tuple(sorted({row.split for row in dataset.rows if row.split}, key=_order))
    if not isinstance(dataset, FolderDataset) or not dataset.root.is_dir():
        return ()
    folders = {path.name: path for path in dataset.root.iterdir() if path.is_dir()}
    # train/image is a split, grasp/image an activity.
    undivided = (dataset.root / IMAGES).is_dir() or activity_folders(dataset.root, dataset.root)
    if undivided and not set(USUAL) & set(folders):
        return ()
    return tuple(sorted((name for name, path in folders.items() if name in USUAL or _has_frames(path)), key=_order))


def _has_frames(folder: Path) -> bool:
    return (folder / IMAGES).is_dir() or bool(activity_folders(folder, folder))


def _order(name: str) -> tuple[int, str]:
    return (USUAL.index(name) if name in USUAL else len(USUAL), name)
