"""Augmentation pipelines: from a TOML file of transforms to a function of (image, mask, seed)."""

from __future__ import annotations

import difflib
import inspect
import logging
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.errors import OptionalDependencyError, TrainingError, unknown_name
from robustbench_endo.io_utils import read_toml
from robustbench_endo.training.augmentation.augmix import Mixing
from robustbench_endo.training.augmentation.pixmix import PixMix
from robustbench_endo.training.augmentation.torchvision_pipeline import torchvision_augmentation

log = logging.getLogger(__name__)

Augment = Callable[[NDArray[np.uint8], NDArray[np.uint8], int], tuple[NDArray[np.uint8], NDArray[np.uint8]]]
"""(image (H, W, 3), mask (H, W), seed) -> augmented image and mask; a pure function of its arguments."""

_KEYS = ("description", "transform", "mixing")
_FOLDER = Path(__file__).parent / "pipelines"
_FILES = tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))
_V2 = "-v2"
PIPELINES = (*_FILES, *(f"{name}{_V2}" for name in _FILES if name != "none"))
"""Names of the pipelines in the package; those with -v2 use the transforms v2 of torchvision."""


@dataclass(frozen=True)
class Entry:
    """A transform of albumentations: name, probability and parameters."""

    name: str
    probability: float
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Pipeline:
    """A pipeline.

    Attributes:
        name: the name or the file by which it is read.
        source: the file, for messages.
        entries: transforms in their order.
        mixing: from the table [mixing]; None without one.
        library: whose transforms are applied.
    """

    name: str
    source: str
    entries: tuple[Entry, ...]
    mixing: Mixing | None
    library: Literal["albumentations", "torchvision"] = "albumentations"


Mixer = Callable[[NDArray[np.uint8], int], NDArray[np.uint8]]
"""(image (H, W, 3), seed) -> mixed image, in which nothing has moved; a pure function of its arguments."""


def augmentation(pipeline: str | Pipeline, mix: str | Mixer | None = None) -> Augment | None:
    """The augmentation of a pipeline; None for one without transforms.

    Args:
        pipeline: read before, or ``surgical``, ``light``, ``none``, or on torchvision ``surgical-v2``, ``light-v2``, or
            a file ending in .toml (see docs/training_data.md).
        mix: changes the image afterwards: ``augmix`` (with the [mixing] table of the file, or the defaults),
            ``pixmix``, or a :class:`~robustbench_endo.training.augmentation.Mixing` or
            :class:`~robustbench_endo.training.augmentation.PixMix`. The mask is that of the pipeline, as mixing moves
            nothing.

    Raises:
        UnknownNameError: no such augmentation or mixing.
        TrainingError: a file that is no pipeline, or a transform or parameter that albumentations does not take.
        OptionalDependencyError: albumentations, which a file needs, is not installed.
    """
    if isinstance(pipeline, str):
        pipeline, note = available_pipeline(read_pipeline(pipeline))
        if note:
            log.warning(note)
    first = _seeded(pipeline) if pipeline.entries else None
    if mix is None:
        return first
    return _then_mixed(first, _mixer(mix, pipeline) if isinstance(mix, str) else mix)


def available_pipeline(pipeline: Pipeline) -> tuple[Pipeline, str]:
    """The pipeline that can run here, and a sentence about it if it is another one than asked for.

    The pipelines of the package run on torchvision where albumentations is not installed or fails to import.
    """
    if not pipeline.entries or pipeline.library != "albumentations" or pipeline.name not in _FILES:
        return pipeline, ""
    try:
        albumentations_library()
    except OptionalDependencyError as error:
        other = f"{pipeline.name}{_V2}"
        reason = "it is not installed" if isinstance(error.__cause__, ModuleNotFoundError) else "its import fails"
        note = f"Augmentation {pipeline.name} without albumentations ({reason}): {other} of torchvision takes over."
        return read_pipeline(other), note
    return pipeline, ""


def _mixer(name: str, pipeline: Pipeline) -> Mixer:
    mixers: dict[str, Mixer] = {"augmix": pipeline.mixing or Mixing(), "pixmix": PixMix()}
    if name not in mixers:
        raise unknown_name("mixing", name, mixers)
    return mixers[name]


def _seeded(pipeline: Pipeline) -> Augment:
    if pipeline.library == "torchvision":
        return torchvision_augmentation(pipeline)
    compose = albumentations_library().Compose(transforms(pipeline))

    def augment(
        image: NDArray[np.uint8], mask: NDArray[np.uint8], seed: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        compose.set_random_seed(seed)
        changed = compose(image=image, mask=mask)
        return changed["image"], changed["mask"]

    return augment


def _then_mixed(first: Augment | None, mixer: Mixer) -> Augment:
    def augment(
        image: NDArray[np.uint8], mask: NDArray[np.uint8], seed: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        if first is not None:
            image, mask = first(image, mask, seed)
        return mixer(image, seed), mask

    return augment


def albumentations_library() -> Any:
    """The package albumentations.

    Raises:
        OptionalDependencyError: albumentations is not installed, or its import fails.
    """
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # no request for newer versions on import
    try:
        import albumentations
    except Exception as error:  # of any type: it is no longer adapted to new releases of what it imports
        missing = isinstance(error, ModuleNotFoundError)
        actual = "it not installed" if missing else f"an error at its import ({_shortened(error)})"
        raise OptionalDependencyError(
            f"Expected albumentations for augmentation, got {actual}: install robustbench-endo[train] or train with "
            "augment='surgical-v2'."
        ) from error
    return albumentations


_TRIAL = (64, 80)
"""Height and width of the frame that every transform is tested on."""


def transforms(pipeline: Pipeline) -> list[Any]:
    """The transforms of a pipeline, each tested on one frame.

    Raises:
        TrainingError: a name, parameter or value that albumentations does not take, or a transform that fails, or
            changes the size or type of the frame.
        OptionalDependencyError: albumentations is not installed.
    """
    return [_transform(entry, pipeline.source) for entry in pipeline.entries]


def _transform(entry: Entry, source: str) -> Any:
    library = albumentations_library()
    known = _names(library)
    if entry.name not in known:
        raise TrainingError(
            f"Expected the name of an albumentations transform in {source}, got {entry.name!r}: "
            f"{_hint(entry.name, known)}"
        )
    transform = getattr(library, entry.name)
    accepted = [name for name in inspect.signature(transform).parameters if name not in ("p", "args", "kwargs")]
    for name in entry.parameters:
        if name not in accepted:
            raise TrainingError(
                f"Expected parameters of {entry.name} in {source}, got {name!r}: {_hint(name, accepted)}"
            )
    _check_transform(_build(transform, entry, 1.0, source), entry, source)
    return _build(transform, entry, entry.probability, source)


def _names(library: Any) -> list[str]:
    """Names of the transforms of images, or of images and masks."""
    bases = (library.ImageOnlyTransform, library.DualTransform)
    members = {name: getattr(library, name) for name in dir(library)}
    return [
        name
        for name, kind in members.items()
        if inspect.isclass(kind) and issubclass(kind, bases) and kind not in bases
    ]


def _build(transform: Any, entry: Entry, probability: float, source: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # unknown values only give a warning
            return transform(**entry.parameters, p=probability)
    except (ValueError, TypeError, UserWarning) as error:
        raise TrainingError(
            f"Expected values that albumentations takes for {entry.name} in {source}, got {_shortened(error)}: "
            "correct them."
        ) from error


def _check_transform(transform: Any, entry: Entry, source: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*_TRIAL, 3), np.uint8)
    mask = (np.indices(_TRIAL).sum(axis=0) // 24 % 2).astype(np.uint8)
    compose = albumentations_library().Compose([transform])
    compose.set_random_seed(0)
    try:
        changed = compose(image=image, mask=mask)
    except Exception as error:  # of any type, from the transform
        raise TrainingError(
            f"Expected transforms that need only a frame and its mask, got {entry.name} in {source} to fail "
            f"({_shortened(error)}): leave it out or complete its parameters."
        ) from error
    for before, after in ((image, changed["image"]), (mask, changed["mask"])):
        if after.shape != before.shape or after.dtype != before.dtype:
            raise TrainingError(
                f"Expected transforms that keep size and type of a frame, got {entry.name} in {source} to turn "
                f"{before.shape} {before.dtype} into {after.shape} {after.dtype}: leave it out."
            )


def _hint(name: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"choose from {', '.join(names)}."


def _shortened(error: Exception) -> str:
    """The message in one line, without links."""
    lines = [line.strip() for line in str(error).splitlines() if "http" not in line]
    return "; ".join(lines[1:3] if len(lines) > 2 else lines)[:200] or type(error).__name__


def read_pipeline(name_or_file: str) -> Pipeline:
    """The pipeline of a name, or of a file ending in .toml.

    Raises:
        UnknownNameError: no such pipeline.
        TrainingError: no such file, no TOML, or other content than a pipeline.
    """
    if name_or_file.endswith(".toml"):
        return _parse(Path(name_or_file))
    if name_or_file not in PIPELINES:
        raise unknown_name("augmentation", name_or_file, PIPELINES)
    pipeline = _parse(_FOLDER / f"{name_or_file.removesuffix(_V2)}.toml")
    library: Literal["albumentations", "torchvision"] = "albumentations"
    if name_or_file.endswith(_V2):
        library = "torchvision"
    return replace(pipeline, name=name_or_file, library=library)


def _parse(path: Path) -> Pipeline:
    content = read_toml(path, TrainingError)
    wrong = [key for key in content if key not in _KEYS]
    if wrong:
        raise TrainingError(f"Expected {', '.join(_KEYS)} in {path}, got {wrong[0]!r}: correct or remove it.")
    tables = content.get("transform", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise TrainingError(f"Expected tables [[transform]] in {path}, got another form: double the brackets.")
    entries = tuple(_entry(table, path) for table in tables)
    return Pipeline(str(path), str(path), entries, _mixing(content.get("mixing"), path))


def _entry(table: Mapping[str, Any], path: Path) -> Entry:
    name, probability = table.get("name"), table.get("p")
    if not isinstance(name, str):
        raise TrainingError(f'Expected name = "..." in each [[transform]] of {path}, got {name!r}: name it.')
    if isinstance(probability, bool) or not isinstance(probability, (int, float)) or not 0 <= probability <= 1:
        raise TrainingError(f"Expected p from 0 to 1 for {name} in {path}, got {probability!r}: set the probability.")
    return Entry(name, float(probability), {key: _tupled(table[key]) for key in table if key not in ("name", "p")})


def _tupled(value: Any) -> Any:
    """Lists as tuples: albumentations distinguishes a pair (a range) from a list."""
    return tuple(map(_tupled, value)) if isinstance(value, list) else value


def _mixing(table: Any, path: Path) -> Mixing | None:
    if table is None:
        return None
    known = [field.name for field in fields(Mixing)]
    wrong = [key for key in table if key not in known] if isinstance(table, dict) else ["no table"]
    if wrong:
        raise TrainingError(f"Expected {', '.join(known)} in [mixing] of {path}, got {wrong[0]!r}: correct it.")
    return Mixing(**{key: _tupled(value) for key, value in table.items()})
