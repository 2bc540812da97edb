"""From a name or a path to a dataset."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from robustbench_endo.data.folder import FolderDataset
from robustbench_endo.errors import DataError
from robustbench_endo.plugins import resolve
from robustbench_endo.types import Dataset

Root = str | Path
Names = Sequence[str]

_VIDEOS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".m4v", ".wmv")


def _folder(
    root: Root | None = None, split: str | None = None, classes: Names | None = None, subject_regex: str | None = None
) -> FolderDataset:
    return FolderDataset(_needed(root, "folder"), split, tuple(classes) if classes else None, subject_regex)


def _synthetic(split: str | None = None, **options: Any) -> Dataset:
    from robustbench_endo.data.synthetic import SyntheticScenes

    return SyntheticScenes(split=split or "test", **options)


def _manifest(
    root: Root | None = None, split: str | None = None, classes: Names | None = None, subject_regex: str | None = None
) -> Dataset:
    from robustbench_endo.data.manifest import ManifestDataset

    return ManifestDataset(_needed(root, "manifest"), split, tuple(classes) if classes else None, subject_regex)


def _video(
    root: Root | None = None,
    split: str | None = None,
    classes: Names | None = None,
    subject_regex: str | None = None,
    every: int = 25,
    levels: Sequence[int] | None = None,
) -> Dataset:
    from robustbench_endo.data.video import VideoDataset

    if split not in (None, "all"):
        raise DataError(f"Expected no split of a video, got {split!r}: leave it out.")
    names, values = tuple(classes) if classes else None, tuple(levels) if levels else None
    return VideoDataset(_needed(root, "video"), names, subject_regex, every, values)


def _layout(name: str, place: str) -> Callable[..., Dataset]:
    """The factory of a named layout; ``place`` is its module and class, imported on first use."""
    module, _, kind = place.partition(":")

    def make(
        root: Root | None = None,
        split: str | None = None,
        classes: Names | None = None,
        subject_regex: str | None = None,
    ) -> Dataset:
        home = import_module(f"robustbench_endo.data.layouts.{module}")
        dataset: Dataset = getattr(home, kind)(
            _needed(root, name), split, tuple(classes) if classes else None, subject_regex
        )
        len(dataset)  # another layout is an error here, before models are loaded and compared with the labels
        return dataset

    return make


def _multitask(name: str, kind: str) -> Callable[..., Dataset]:
    """The factory of one of the paper's data sets."""

    def make(
        root: Root | None = None,
        split: str | None = None,
        classes: Names | None = None,
        subject_regex: str | None = None,
        lowered: bool = False,
    ) -> Dataset:
        home = import_module("robustbench_endo.data.layouts.mtl")
        dataset: Dataset = getattr(home, kind)(
            _needed(root, name), split, tuple(classes) if classes else None, subject_regex, lowered
        )
        len(dataset)
        return dataset

    return make


BUILTINS: dict[str, Callable[..., Dataset]] = {
    "folder": _folder,
    "manifest": _manifest,
    "video": _video,
    "synthetic": _synthetic,
    "mtlesd": _multitask("mtlesd", "MtlEsd"),
    "mtlendovis": _multitask("mtlendovis", "MtlEndoVis"),
    "mtlendovis-gen": _multitask("mtlendovis-gen", "MtlEndoVisGen"),
    "endovis17": _layout("endovis17", "endovis17:EndoVis17"),
    "endovis18": _layout("endovis18", "endovis18:EndoVis18"),
    "cholecseg8k": _layout("cholecseg8k", "cholecseg8k:CholecSeg8k"),
    "kvasir-instrument": _layout("kvasir-instrument", "kvasir_instrument:KvasirInstrument"),
    "segstrong-c": _layout("segstrong-c", "segstrong_c:SegStrongC"),
}
DESCRIPTIONS: dict[str, str] = {
    "folder": "frames on disk: [split/][activity/]image|mask; give the folder itself as --data",
    "manifest": "a CSV with columns image, mask, activity, subject; give the file itself as --data",
    "video": "every 25th frame of videos; give the file as --data, or video:DIR",
    "synthetic": "laparoscopic scenes drawn by this package: 7 labels, 3 activities, nothing to download",
    "mtlesd": "the paper's MTLESD (submucosal dissection): 7 labels, 3 activities; --data mtlesd:DIR",
    "mtlendovis": "the paper's MTLEndovis (EndoVis 2018): 8 labels, 12 activities; --data mtlendovis:DIR",
    "mtlendovis-gen": "the paper's MTLEndovis-Gen (EndoVis 2017): test only, labels of mtlendovis",
    "endovis17": "EndoVis 2017 robotic instruments: 8 labels by type; official folders or cropped_train",
    "endovis18": "EndoVis 2018 robotic scenes: 12 scene labels (official) or 8 instrument types (ISINet)",
    "cholecseg8k": "gallbladder removal: 13 labels, 17 videos",
    "kvasir-instrument": "tools in gastrointestinal endoscopy: 2 labels",
    "segstrong-c": "robot tools recorded clean and in smoke, blood, low light, on another background: 2 labels",
}


def list_datasets() -> list[str]:
    """Names of the built-in datasets."""
    return list(BUILTINS)


def load_dataset(spec: str | Path, **options: Any) -> Dataset:
    """A dataset by name, path or plug-in.

    Args:
        spec: a built-in name, ``NAME:DIR`` (a built-in name and its root), either with options after the name
            (``mtlesd@lowered=true:DIR``, ``synthetic@frames=200,seed=4``), a folder (its layout is
            :mod:`robustbench_endo.data.file_listing`'s), a CSV or video file, an entry point of
            ``robustbench_endo.datasets``, ``pkg.module:factory`` or ``file.py:factory``.
        options: for the dataset, e.g. ``root``, ``split``, ``classes``, ``subject_regex`` (on disk); ``every`` (video);
            ``split``, ``frames``, ``seed``, ``size`` (synthetic). None means its default.

    Raises:
        UnknownNameError: no dataset of that name and no such folder.
        DataError: an option the dataset does not take, a layout or files that do not fit.
    """
    plain, written = _parted(str(spec))
    given = written | {name: value for name, value in options.items() if value is not None}
    name, root = _read(plain)
    if root is not None:
        if "root" in given:
            raise DataError(f"Expected one root, got {root} and {given['root']}: give it once.")
        given["root"] = Path(root).expanduser()
    factory = resolve("dataset", name, BUILTINS)
    dataset: Dataset = factory(**_accepted(factory, given, name))
    return dataset


def _parted(spec: str) -> tuple[str, dict[str, Any]]:
    """A spec without the options after the name of a built-in dataset, and these."""
    match = re.fullmatch(r"([\w-]+)@([^:]*)(:.*)?", spec)
    if match is None or match.group(1) not in BUILTINS:
        return spec, {}
    options = {}
    for part in match.group(2).split(","):
        name, equals, value = part.partition("=")
        if not equals:
            raise DataError(f"Expected options such as {match.group(1)}@name=value, got {part!r} in {spec!r}.")
        options[name.strip()] = _value(value.strip())
    return match.group(1) + (match.group(3) or ""), options


def _value(text: str) -> bool | int | str:
    """``true``, ``false``, a whole number, or the text itself."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def _read(spec: str) -> tuple[str, str | None]:
    """The name of the dataset and its root, where the spec has one."""
    head, colon, tail = spec.partition(":")
    if spec in BUILTINS:
        return spec, None
    if colon and head in BUILTINS and tail:
        return head, tail
    if Path(spec).is_dir():
        return "folder", spec
    if Path(spec).suffix.lower() == ".csv":
        return "manifest", spec
    if Path(spec).suffix.lower() in _VIDEOS:
        return "video", spec
    return ("folder", spec) if _looks_like_path(spec) else (spec, None)


def is_divided(spec: str) -> bool:
    """Whether a spec may have a training split of its own: not a video, a CSV file or a folder that names none."""
    name, root = _read(_parted(spec)[0])
    if name == "video":
        return False
    if name == "manifest" and root is not None and Path(root).is_file():
        with Path(root).open(encoding="utf-8-sig") as file:
            return "split" in file.readline().strip().split(",")
    undivided = name == "folder" and root is not None and Path(root).is_dir()
    return not undivided or any((Path(root or ".") / split).is_dir() for split in ("train", "test"))


def _looks_like_path(spec: str) -> bool:
    return ("/" in spec or "\\" in spec or spec.startswith((".", "~"))) and ":" not in spec


def _needed(root: Root | None, name: str) -> Path:
    if root is None:
        raise DataError(f"Expected the root of the dataset {name!r}, got none: give root=... or --data {name}:DIR.")
    return Path(root)


def _accepted(factory: Callable[..., Any], options: dict[str, Any], name: str) -> dict[str, Any]:
    parameters = inspect.signature(factory).parameters
    if "root" in options and name == "synthetic":
        raise DataError("Expected no folder for the drawn scenes, got one: write --data synthetic.")
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return options
    refused = [option for option in options if option not in parameters]
    if refused:
        raise DataError(
            f"Expected options of the dataset {name!r} ({', '.join(parameters)}), got {refused[0]!r}: leave it out."
        )
    return options
