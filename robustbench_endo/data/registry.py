"""Data sets by name or path: the table of built-in data sets, and ``load_dataset``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from robustbench_endo.data.folder import FolderDataset
from robustbench_endo.data.reading import VIDEO_SUFFIXES
from robustbench_endo.errors import DataError, RobustEndoError, UnknownNameError
from robustbench_endo.hub.spec import SCHEME
from robustbench_endo.io_utils import parse_options
from robustbench_endo.plugins import resolve
from robustbench_endo.types import Dataset

Root = str | Path
Names = Sequence[str]


SYNTHETIC_OPTIONS = ("split", "frames", "seed", "size")


def _folder(
    root: Root | None = None,
    split: str | None = None,
    classes: Names | None = None,
    subject_regex: str | None = None,
    label_map: str | None = None,
    assume_independent_frames: bool = False,
) -> FolderDataset:
    names = tuple(classes) if classes else None
    folder = _require_root(root, "folder")
    return FolderDataset(folder, split, names, subject_regex, label_map, assume_independent_frames)


def _synthetic(split: str | None = None, **options: Any) -> Dataset:
    from robustbench_endo.data.synthetic import SyntheticScenes

    return SyntheticScenes(split=split or "test", **options)


def _manifest(
    root: Root | None = None,
    split: str | None = None,
    classes: Names | None = None,
    subject_regex: str | None = None,
    label_map: str | None = None,
    assume_independent_frames: bool = False,
) -> Dataset:
    from robustbench_endo.data.manifest import ManifestDataset

    names = tuple(classes) if classes else None
    file = _require_root(root, "manifest")
    return ManifestDataset(file, split, names, subject_regex, label_map, assume_independent_frames)


def _video(
    root: Root | None = None,
    split: str | None = None,
    classes: Names | None = None,
    subject_regex: str | None = None,
    every: int = 25,
    levels: Sequence[int] | None = None,
    label_map: str | None = None,
    assume_independent_frames: bool = False,
) -> Dataset:
    from robustbench_endo.data.video import VideoDataset

    if split not in (None, "all"):
        raise DataError(f"Expected no split of a video, got {split!r}: leave it out.")
    names, values = tuple(classes) if classes else None, tuple(levels) if levels else None
    file = _require_root(root, "video")
    return VideoDataset(file, names, subject_regex, every, values, label_map, assume_independent_frames)


def _layout(name: str, path: str) -> Callable[..., Dataset]:
    """The factory of a public data set; ``path`` is its module and class, imported on first use."""

    def build(
        root: Root | None = None,
        split: str | None = None,
        classes: Names | None = None,
        subject_regex: str | None = None,
        assume_independent_frames: bool = False,
    ) -> Dataset:
        options = {"assume_independent_frames": assume_independent_frames}
        return _open_layout(name, path, root, split, classes, subject_regex, options)

    return build


def _multitask(name: str, path: str) -> Callable[..., Dataset]:
    """The factory of one of the paper's data sets."""

    def build(
        root: Root | None = None,
        split: str | None = None,
        classes: Names | None = None,
        subject_regex: str | None = None,
        one_based_masks: bool = False,
        assume_independent_frames: bool = False,
    ) -> Dataset:
        options = {"one_based_masks": one_based_masks, "assume_independent_frames": assume_independent_frames}
        return _open_layout(name, path, root, split, classes, subject_regex, options)

    return build


def _open_layout(
    name: str,
    path: str,
    root: Root | None,
    split: str | None,
    classes: Names | None,
    subject_regex: str | None,
    options: Mapping[str, bool],
) -> Dataset:
    module, _, kind = path.partition(":")
    layout = getattr(import_module(f"robustbench_endo.data.layouts.{module}"), kind)
    names = tuple(classes) if classes else None
    dataset: Dataset = layout(_require_root(root, name), split, names, subject_regex, **options)
    len(dataset)  # a wrong layout is an error here, before models are loaded and compared with the labels
    return dataset


BUILTINS: dict[str, Callable[..., Dataset]] = {
    "folder": _folder,
    "manifest": _manifest,
    "video": _video,
    "synthetic": _synthetic,
    "mtlesd": _multitask("mtlesd", "mtl:MtlEsd"),
    "mtlendovis": _multitask("mtlendovis", "mtl:MtlEndoVis"),
    "mtlendovis-gen": _multitask("mtlendovis-gen", "mtl:MtlEndoVisGen"),
    "endovis15": _layout("endovis15", "endovis15:EndoVis15"),
    "endovis17": _layout("endovis17", "endovis17:EndoVis17"),
    "endovis18": _layout("endovis18", "endovis18:EndoVis18"),
    "cholecseg8k": _layout("cholecseg8k", "cholecseg8k:CholecSeg8k"),
    "kvasir-instrument": _layout("kvasir-instrument", "kvasir_instrument:KvasirInstrument"),
    "segstrong-c": _layout("segstrong-c", "segstrong_c:SegStrongC"),
}
DESCRIPTIONS: dict[str, str] = {
    "folder": "frames on disk: [split/][activity/]image|mask, or *_mask.png; give the folder itself as --data",
    "manifest": "a CSV with columns image, mask, activity, subject; give the file itself as --data",
    "video": "every 25th frame of videos; give the file as --data, or video:DIR",
    "synthetic": "synthetic laparoscopic scenes of this package: 7 labels, 3 activities, no download",
    "mtlesd": "the paper's MTLESD (submucosal dissection): 7 labels, 3 activities; --data mtlesd:DIR",
    "mtlendovis": "the paper's MTLEndovis (EndoVis 2018): 8 labels, 12 activities; --data mtlendovis:DIR",
    "mtlendovis-gen": "the paper's MTLEndovis-Gen (EndoVis 2017): test only, labels of mtlendovis",
    "endovis15": "EndoVis 2015 rigid instruments in laparoscopy: 3 labels, operations OP1 to OP6",
    "endovis17": "EndoVis 2017 robotic instruments: 8 labels by type; official folders or cropped_train",
    "endovis18": "EndoVis 2018 robotic scenes: 12 scene labels (official) or 8 instrument types (ISINet)",
    "cholecseg8k": "gallbladder removal: 13 labels, 17 videos",
    "kvasir-instrument": "tools in gastrointestinal endoscopy: 2 labels",
    "segstrong-c": "robot tools recorded clean and in smoke, blood, low light, on another background: 2 labels",
}


def list_datasets() -> list[str]:
    """Names of the built-in data sets.

    >>> "synthetic" in list_datasets()
    True
    """
    return list(BUILTINS)


def load_dataset(spec: str | Path, **options: Any) -> Dataset:
    """A data set by name, path or plug-in.

    Args:
        spec: a built-in name, ``NAME:DIR`` (a built-in name and its root), either with options after the name
            (``mtlesd@one_based_masks=true:DIR``, ``synthetic@frames=200,seed=4``), a folder (its layout is that of
            :class:`FolderDataset`), a CSV or video file, an entry point of ``robustbench_endo.datasets``,
            ``pkg.module:factory`` or ``file.py:factory``. ``hf://datasets/ORG/NAME[@REVISION][/PATH]``, a repository
            on the Hugging Face hub, may take the position of a folder, a file or a ``DIR``.
        options: of the data set, e.g. ``root``, ``split``, ``classes``, ``subject_regex``,
            ``assume_independent_frames`` (on disk); ``label_map`` (folder, CSV, video); ``every`` (video);
            ``split``, ``frames``, ``seed``, ``size`` (synthetic). None means its default.

    Raises:
        UnknownNameError: no data set of that name and no such folder.
        DataError: an option that the data set does not have, a layout or files that do not fit.
        HubError: no such repository or revision, no access to it, no network, or no data in it.
        RobustEndoError: options in the spec that are not written as key=value.

    >>> data = load_dataset("synthetic", split="test", frames=2, size=(48, 64))
    >>> len(data), data.activities, data[0].image.shape
    (2, ('exposing', 'grasping', 'cutting'), torch.Size([3, 48, 64]))
    >>> load_dataset("synthetic@frames=3,seed=4", split="val").subjects
    ('val/seq_00', 'val/seq_00', 'val/seq_00')
    """
    spec, source = _local(str(spec))
    spec, options_in_spec = _split_options(spec)
    values = options_in_spec | {name: value for name, value in options.items() if value is not None}
    name, root = _split_root(spec)
    if root is not None:
        if "root" in values:
            raise DataError(f"Expected one root, got {root} and {values['root']}: give it once.")
        values["root"] = Path(root).expanduser()
    try:
        factory = resolve("dataset", name, BUILTINS)
    except UnknownNameError as error:  # also of a folder that does not exist
        message = str(error).replace(": choose from", ": check the path of a folder, or choose from")
        raise UnknownNameError(message) from error
    _check_options(factory, values, name)
    dataset = _build(factory, values, name)
    if source:
        object.__setattr__(dataset, "hub_source", source)  # data sets are frozen dataclasses
    return dataset


def _local(spec: str) -> tuple[str, str]:
    """A spec with the folder of a repository's files instead of its address, and the commit they are of."""
    head, scheme, _ = spec.partition(SCHEME)
    if not scheme:
        return spec, ""
    from robustbench_endo.hub.download import fetch_data

    snapshot = fetch_data(spec.removeprefix(head))
    return f"{head}{snapshot.path}", snapshot.source


def _build(factory: Callable[..., Any], values: Mapping[str, Any], name: str) -> Dataset:
    """The data set of a factory; an error of a user's factory names it."""
    try:
        dataset: Dataset = factory(**values)
    except Exception as error:
        if name in BUILTINS or isinstance(error, RobustEndoError):
            raise
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": .")
        raise DataError(
            f"Cannot open the data set {name!r}: its factory raised {reason}. Correct it; --debug shows the traceback."
        ) from error
    return dataset


def is_divided(spec: str) -> bool:
    """Whether a spec may have a training split: not a video, a CSV file or a folder without splits.

    >>> is_divided("synthetic"), is_divided("video:clip.mp4")
    (True, False)
    """
    name, root = _split_root(_split_options(_local(spec)[0])[0])
    if name == "video":
        return False
    if name == "manifest" and root is not None and Path(root).is_file():
        with Path(root).open(encoding="utf-8-sig", errors="replace") as file:
            return "split" in file.readline().strip().split(",")
    undivided = name == "folder" and root is not None and Path(root).is_dir()
    return not undivided or any((Path(root or ".") / split).is_dir() for split in ("train", "test"))


def _split_options(spec: str) -> tuple[str, dict[str, Any]]:
    """A spec without the options after the name of a built-in data set, and these options."""
    match = re.fullmatch(r"([\w-]+)@([^:]*)(:.*)?", spec)
    if match is None or match.group(1) not in BUILTINS:
        return spec, {}
    options = {name: _value(text) for name, text in parse_options(match.group(2)).items()}
    return match.group(1) + (match.group(3) or ""), options


def _value(text: str) -> bool | int | str:
    """``true``, ``false``, a whole number, or the text itself."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def _split_root(spec: str) -> tuple[str, str | None]:
    """The name of the data set and its root, where the spec has one."""
    head, colon, tail = spec.partition(":")
    if spec in BUILTINS:
        return spec, None
    if colon and head in BUILTINS and tail:
        return head, tail
    if Path(spec).is_dir():
        return "folder", spec
    if Path(spec).suffix.lower() == ".csv":
        return "manifest", spec
    if Path(spec).suffix.lower() in VIDEO_SUFFIXES:
        return "video", spec
    return ("folder", spec) if _looks_like_path(spec) else (spec, None)


def _looks_like_path(spec: str) -> bool:
    return ("/" in spec or "\\" in spec or spec.startswith((".", "~"))) and ":" not in spec


def _require_root(root: Root | None, name: str) -> Path:
    if root is None:
        raise DataError(f"Expected the root of the dataset {name!r}, got none: give root=... or --data {name}:DIR.")
    return Path(root)


def _check_options(factory: Callable[..., Any], options: dict[str, Any], name: str) -> None:
    parameters = inspect.signature(factory).parameters
    if "root" in options and name == "synthetic":
        raise DataError("Expected no folder for the synthetic scenes, got one: write --data synthetic.")
    if name == "synthetic" and (extra := set(options) - set(SYNTHETIC_OPTIONS)):
        raise DataError(
            f"Expected no {min(extra)} for the synthetic scenes, got one: leave it out; they have "
            f"{', '.join(SYNTHETIC_OPTIONS)}."
        )
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    unknown = [option for option in options if option not in parameters]
    if unknown:
        raise DataError(
            f"Expected options of the dataset {name!r} ({', '.join(parameters)}), got {unknown[0]!r}: leave it out."
        )
