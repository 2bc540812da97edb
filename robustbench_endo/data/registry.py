"""From a name or a path to a dataset."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from robustbench_endo.data.folder import FolderDataset
from robustbench_endo.errors import DataError
from robustbench_endo.plugins import resolve
from robustbench_endo.types import Dataset


def _folder(
    root: str | Path | None = None,
    split: str | None = None,
    classes: Sequence[str] | None = None,
    group_regex: str | None = None,
) -> FolderDataset:
    if root is None:
        raise DataError("Expected the root of the folder dataset, found none: give root=... or --data DIR.")
    return FolderDataset(Path(root), split, tuple(classes) if classes else None, group_regex)


def _synthetic(split: str | None = None, **options: Any) -> Dataset:
    from robustbench_endo.data.synthetic import SyntheticScenes

    return SyntheticScenes(split=split or "test", **options)


BUILTINS: dict[str, Callable[..., Dataset]] = {"folder": _folder, "synthetic": _synthetic}
DESCRIPTIONS: dict[str, str] = {
    "folder": "frames on disk: [split/][activity/]image|mask; give the folder itself as --data",
    "synthetic": "laparoscopic scenes drawn by this package: 7 labels, 3 activities, nothing to download",
}


def list_datasets() -> list[str]:
    """Names of the built-in datasets."""
    return list(BUILTINS)


def load_dataset(spec: str | Path, **options: Any) -> Dataset:
    """A dataset by name, path or plug-in.

    Args:
        spec: a built-in name, a folder (its layout is :mod:`robustbench_endo.data.layout`'s), an entry point of
            ``robustbench_endo.datasets``, ``pkg.module:factory`` or ``file.py:factory``.
        options: for the dataset, e.g. ``root``, ``split``, ``classes``, ``group_regex`` (folder); ``split``,
            ``frames``, ``seed``, ``size`` (synthetic). None means its default.

    Raises:
        UnknownNameError: no dataset of that name and no such folder.
        DataError: an option the dataset does not take, a layout or files that do not fit.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if str(spec) not in BUILTINS and (Path(spec).is_dir() or _looks_like_path(str(spec))):
        return _folder(spec, **_accepted(_folder, given, "folder"))
    factory = resolve("dataset", str(spec), BUILTINS)
    dataset: Dataset = factory(**_accepted(factory, given, str(spec)))
    return dataset


def _looks_like_path(spec: str) -> bool:
    return ("/" in spec or "\\" in spec or spec.startswith((".", "~"))) and ":" not in spec


def _accepted(factory: Callable[..., Any], options: dict[str, Any], name: str) -> dict[str, Any]:
    parameters = inspect.signature(factory).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return options
    refused = [option for option in options if option not in parameters]
    if refused:
        raise DataError(
            f"Expected options of the dataset {name!r} ({', '.join(parameters)}), found {refused[0]!r}: leave it out."
        )
    return options
