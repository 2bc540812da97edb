"""Loading of all splits of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from robustbench_endo.data.file_listing import STANDARD_SPLITS, activity_folders, image_folder, visible_folders
from robustbench_endo.data.folder import FolderDataset
from robustbench_endo.data.manifest import ManifestDataset
from robustbench_endo.data.registry import load_dataset
from robustbench_endo.errors import DataError
from robustbench_endo.types import Dataset

UNDIVIDED = "all"
"""Name of the single split of an undivided data set."""


def splits_of(
    spec: str | Path,
    names: Sequence[str] = (),
    classes: tuple[str, ...] | None = None,
    subject_regex: str | None = None,
    label_map: str | None = None,
    assume_independent_frames: bool | None = None,
) -> tuple[dict[str, Dataset], dict[str, str]]:
    """Load the splits of a data set.

    Args:
        spec: as for :func:`robustbench_endo.data.load_dataset`.
        names: the splits to load; none: all that exist.
        classes, subject_regex, label_map, assume_independent_frames: options of the data set; None for its defaults.

    Returns:
        Name -> data set, and name -> reason of the splits that cannot be loaded.

    Raises:
        DataError, UnknownNameError: no such data set, a named split that does not exist, or no split with frames.

    >>> splits, broken = splits_of("synthetic")
    >>> list(splits), broken
    (['train', 'val', 'test'], {})
    """
    options = {
        "classes": classes,
        "subject_regex": subject_regex,
        "label_map": label_map,
        "assume_independent_frames": assume_independent_frames or None,
    }
    loaded: dict[str, Dataset] = {}
    broken: dict[str, str] = {}

    def load(split: str | None) -> Dataset:
        dataset = load_dataset(spec, split=split, **options)
        if getattr(dataset, "split", split) != split:
            raise _UndividedError(f"Expected a split {split!r} of {spec}, got data without splits: leave --split out.")
        if not len(dataset):
            raise DataError(f"Expected frames in the split {split or UNDIVIDED}, got none: choose another.")
        return dataset

    available = tuple(names) or _available_splits(load_dataset(spec, **options))
    for split in available or STANDARD_SPLITS:
        try:
            loaded[split] = load(split)
        except DataError as error:
            if names:
                raise
            if available and not isinstance(error, _UndividedError):
                broken[split] = str(error)
    if loaded:
        return loaded, broken
    if broken:
        raise DataError(next(iter(broken.values())))
    return {UNDIVIDED: load(None)}, {}


class _UndividedError(DataError):
    """A split of a data set that has none."""


def _available_splits(dataset: Dataset) -> tuple[str, ...]:
    """Names of the splits of a folder or a manifest; empty when undivided or of another kind."""
    if isinstance(dataset, ManifestDataset):
        return tuple(sorted({row.split for row in dataset.rows if row.split}, key=_split_order))
    if not isinstance(dataset, FolderDataset) or not dataset.root.is_dir():
        return ()
    folders = {path.name: path for path in visible_folders(dataset.root)}
    # train/image is a split, grasp/image an activity.
    undivided = image_folder(dataset.root) or activity_folders([dataset.root])
    if undivided and not set(STANDARD_SPLITS) & set(folders):
        return ()
    splits = (name for name, path in folders.items() if name in STANDARD_SPLITS or _has_frames(path))
    return tuple(sorted(splits, key=_split_order))


def _has_frames(folder: Path) -> bool:
    return bool(image_folder(folder) or activity_folders([folder]))


def _split_order(name: str) -> tuple[int, str]:
    return (STANDARD_SPLITS.index(name) if name in STANDARD_SPLITS else len(STANDARD_SPLITS), name)
