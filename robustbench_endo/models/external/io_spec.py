"""What a user's model expects and what its outputs mean, declared in TOML (an adapter file) instead of code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from robustbench_endo.errors import ModelError, unknown_name
from robustbench_endo.io_utils import read_toml
from robustbench_endo.models.external.class_mapping import Entries
from robustbench_endo.tasks.base import CONFIDENCE
from robustbench_endo.tasks.registry import TASKS

ORDERS = ("RGB", "BGR")

SCORES = ("logits", "probabilities")

REFUSE, BACKGROUND = "refuse", "background"

SUFFIX = ".adapter.toml"


@dataclass(frozen=True)
class IOSpec:
    """How frames are prepared for a model and how its outputs are read; every default changes nothing.

    Attributes:
        input_size: height and width that frames are resized to (bilinear, anti-aliased); None = no resizing.
        multiple_of: without ``input_size``, frames are resized up to sides that are multiples of this.
        value_range: values of black and white that the model expects, usually (0, 1) or (0, 255).
        mean, std: three numbers each, on ``value_range`` and in ``channel_order``: ``(pixel - mean) / std``.
        channel_order: ``RGB`` or ``BGR``.
        output: task -> key of a dict, or index of a tuple, that the model returns; empty = recognised by shape. Beside
            tasks, ``confidence`` and ``confidence/<task>`` name a confidence per frame.
        scores: ``logits``, or ``probabilities`` (their logarithm is taken).
        labels: task -> the data set's label of every label of the model: a tuple in the model's order, or a mapping
            from the model's indices (or names, where it has them). In TOML one setting per task, named after its
            label attribute: ``classes``, ``activities``. A task that is absent needs no translation.
        unmapped: what becomes of a class that a mapping does not name: ``refuse``, ``background`` (the data set's
            first class), or the name of a class of the data set. Only for tasks that label pixels.
    """

    input_size: tuple[int, int] | None = None
    multiple_of: int = 1
    value_range: tuple[float, float] = (0.0, 1.0)
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    channel_order: str = "RGB"
    output: Mapping[str, str | int] = field(default_factory=dict)
    scores: str = "logits"
    labels: Mapping[str, Entries] = field(default_factory=dict)
    unmapped: str = REFUSE

    def merged_with(self, defaults: IOSpec) -> IOSpec:
        """This declaration, and ``defaults`` for what it leaves at its default."""
        unset = IOSpec()
        changes = {name: value for name, value in vars(self).items() if value != getattr(unset, name)}
        return replace(defaults, **changes)

    def digest(self) -> str:
        """SHA-256 of the declaration, so that a run does not resume after it changed."""
        settings = asdict(self)
        labels = settings.pop("labels")
        settings |= {task.label_attribute: labels.get(task.name) for task in TASKS}
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class LoadedModel:
    """A network before it is wrapped.

    Attributes:
        inner: an ``nn.Module`` or another callable on images.
        io_spec: what the source itself declares about inputs and outputs; the user's declaration overrides it.
        labels: task -> names of the model's own labels, where it has them.
        sha256: of the file it came from, None where it came from code.
        files: that determine what it computes.
        missing: name of the file with the preprocessing that the source lacks; empty if it lacks none.
    """

    inner: Callable[..., Any]
    io_spec: IOSpec = field(default_factory=IOSpec)
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sha256: str | None = None
    files: tuple[Path, ...] = ()
    missing: str = ""


def find_io_spec(path: Path) -> Path | None:
    """The declaration next to a model: ``model.adapter.toml``, in a folder ``adapter.toml``."""
    candidate = path / "adapter.toml" if path.is_dir() else path.with_suffix(SUFFIX)
    return candidate if candidate.is_file() else None


def read_io_spec(path: Path) -> IOSpec:
    """The declaration in a TOML file.

    Raises:
        ModelError: no such file, no TOML, or a value of another kind.
        UnknownNameError: a key that does not exist; names the closest matches.
    """
    if not path.is_file():
        raise ModelError(f"Expected an adapter file, got no {path}: check the part after the #.")
    return parse_io_spec(read_toml(path, ModelError), str(path))


def parse_io_spec(content: Mapping[str, Any], source: str) -> IOSpec:
    """The declaration in a mapping, such as the content of a TOML file.

    Args:
        content: setting -> value; the labels of a task under its label attribute.
        source: where it came from, for error messages.

    Raises:
        ModelError: a value of another kind.
        UnknownNameError: a key that does not exist; names the closest matches.

    >>> parse_io_spec({"channel_order": "BGR", "classes": ["tool", "tissue"]}, "example").labels
    {'segmentation': ('tool', 'tissue')}
    """
    tasks = {task.label_attribute: task.name for task in TASKS}
    known = [*(name for field in fields(IOSpec) if (name := field.name) != "labels"), *tasks]
    for key in content:
        if key not in known:
            raise unknown_name(f"setting of the adapter {source}", key, known)
    settings = {key: _check_setting(key, value, source) for key, value in content.items() if key not in tasks}
    labels = {tasks[key]: _check_labels(key, content[key], source) for key in content if key in tasks}
    if min(settings.get("std") or (1.0,)) <= 0:
        raise _wrong("std", "three positive numbers", content["std"], source)
    low, high = settings.get("value_range", (0.0, 1.0))
    if low >= high:
        raise _wrong("value_range", "[black, white] such as [0, 255]", content["value_range"], source)
    return IOSpec(**settings, labels=labels)


def _check_setting(key: str, value: Any, source: str) -> Any:
    match key:
        case "input_size" if _are_numbers(value, 2, int) and min(value) > 0:
            return tuple(value)
        case "multiple_of" if _are_numbers([value], 1, int) and value > 0:
            return value
        case "value_range" if _are_numbers(value, 2, (int, float)):
            return tuple(map(float, value))
        case "mean" | "std" if _are_numbers(value, 3, (int, float)):
            return tuple(map(float, value))
        case "channel_order" if value in ORDERS:
            return value
        case "scores" if value in SCORES:
            return value
        case "unmapped" if isinstance(value, str) and value:
            return value
        case "output" if isinstance(value, Mapping):
            return _check_outputs(value, source)
    raise _wrong(key, _EXPECTED[key], value, source)


_EXPECTED = {
    "input_size": "[height, width] in whole pixels",
    "multiple_of": "a whole number of pixels",
    "value_range": "[black, white] such as [0, 255]",
    "mean": "three numbers",
    "std": "three positive numbers",
    "channel_order": " or ".join(ORDERS),
    "scores": " or ".join(SCORES),
    "unmapped": "refuse, background or a class of the dataset",
    "output": "a table of keys or indices by task",
}


def _check_labels(key: str, value: Any, source: str) -> Entries:
    if isinstance(value, (list, tuple)) and value and _are_texts(value):
        return tuple(value)
    if isinstance(value, Mapping) and value and _are_texts(value.values()):
        return {str(label): name for label, name in value.items()}
    raise _wrong(key, f"names of the dataset's {key}, a list or a table", value, source)


def _check_outputs(value: Mapping[str, Any], source: str) -> dict[str, str | int]:
    tasks = [task.name for task in TASKS]
    known = [*tasks, CONFIDENCE, *(f"{CONFIDENCE}/{task}" for task in tasks)]
    for task, key in value.items():
        if task not in known:
            raise unknown_name(f"task of the adapter {source}", task, known)
        if not isinstance(key, (str, int)) or isinstance(key, bool):
            raise _wrong(f"output.{task}", "a key or an index", key, source)
    return dict(value)


def _are_numbers(value: Any, count: int, kind: type | tuple[type, ...]) -> bool:
    fits = isinstance(value, (list, tuple)) and len(value) == count
    return fits and all(isinstance(item, kind) and not isinstance(item, bool) for item in value)


def _are_texts(values: Any) -> bool:
    return all(isinstance(item, str) for item in values)


def _wrong(key: str, expected: str, value: object, source: str) -> ModelError:
    return ModelError(f"Expected {expected} as {key} of the adapter {source}, got {value!r}: correct it.")
