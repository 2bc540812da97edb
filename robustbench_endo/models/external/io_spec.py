"""What a user's model expects and what its outputs mean, declared in TOML instead of code."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from robustbench_endo.errors import ModelError, unknown_name
from robustbench_endo.models.external.class_mapping import Entries

ORDERS = ("RGB", "BGR")

SCORES = ("logits", "probabilities")

REFUSE, BACKGROUND = "refuse", "background"


@dataclass(frozen=True)
class Adapter:
    """The declaration; every default changes nothing.

    Attributes:
        input_size: height and width that frames are resized to (bilinear, anti-aliased); None = as they come.
        multiple_of: without ``input_size``, frames are resized up to sides that are multiples of this.
        value_range: what black and white are for the model, usually (0, 1) or (0, 255).
        mean, std: three numbers each, on ``value_range`` and in ``channel_order``: ``(pixel - mean) / std``.
        channel_order: ``RGB`` or ``BGR``.
        output: task -> key of a dict, or index of a tuple, that the model returns; empty = recognised by shape.
        scores: ``logits``, or ``probabilities`` (their logarithm is taken).
        classes: the dataset's class of every class of the model, a list in the model's order, or a table with the
            model's indices (or class names, where it knows them); None = they are the same.
        activities: the same for activities.
        unmapped: what becomes of a class that the table does not name: ``refuse``, ``background`` (the dataset's
            first), or the name of a class of the dataset.
    """

    input_size: tuple[int, int] | None = None
    multiple_of: int = 1
    value_range: tuple[float, float] = (0.0, 1.0)
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    channel_order: str = "RGB"
    output: Mapping[str, str | int] = field(default_factory=dict)
    scores: str = "logits"
    classes: Entries | None = None
    activities: Entries | None = None
    unmapped: str = REFUSE

    def over(self, defaults: Adapter) -> Adapter:
        """This declaration where it says something, ``defaults`` elsewhere."""
        silent = Adapter()
        said = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != getattr(silent, f.name)}
        return replace(defaults, **said)

    def digest(self) -> str:
        """SHA-256 of the declaration, so that a run notices when it changes."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TASKS = ("segmentation", "activity")

SUFFIX = ".adapter.toml"


def adapter_beside(path: Path) -> Path | None:
    """The declaration that lies beside a model: ``model.adapter.toml``, in a folder ``adapter.toml``."""
    candidate = path / "adapter.toml" if path.is_dir() else path.with_suffix(SUFFIX)
    return candidate if candidate.is_file() else None


def read_adapter(path: Path) -> Adapter:
    """The declaration in a TOML file.

    Raises:
        ModelError: no such file, no TOML, or a value of another kind.
        UnknownNameError: a key that does not exist; names the closest matches.
    """
    if not path.is_file():
        raise ModelError(f"Expected an adapter file, got no {path}: check the part after the #.")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"Expected TOML in the adapter {path}, got: {error}. Correct it.") from error
    return adapter_of(content, str(path))


def adapter_of(content: Mapping[str, Any], source: str) -> Adapter:
    """The declaration in a mapping, such as the content of a TOML file; ``source`` is where it came from."""
    known = [field.name for field in fields(Adapter)]
    for key in content:
        if key not in known:
            raise unknown_name(f"setting of the adapter {source}", key, known)
    given = {key: _checked(key, value, source) for key, value in content.items()}
    if min(given.get("std") or (1.0,)) <= 0:
        raise _wrong("std", "three positive numbers", content["std"], source)
    low, high = given.get("value_range", (0.0, 1.0))
    if low >= high:
        raise _wrong("value_range", "[black, white] such as [0, 255]", content["value_range"], source)
    return Adapter(**given)


def _checked(key: str, value: Any, source: str) -> Any:
    match key:
        case "input_size" if _numbers(value, 2, int) and min(value) > 0:
            return tuple(value)
        case "multiple_of" if _numbers([value], 1, int) and value > 0:
            return value
        case "value_range" if _numbers(value, 2, (int, float)):
            return tuple(map(float, value))
        case "mean" | "std" if _numbers(value, 3, (int, float)):
            return tuple(map(float, value))
        case "channel_order" if value in ORDERS:
            return value
        case "scores" if value in SCORES:
            return value
        case "unmapped" if isinstance(value, str) and value:
            return value
        case "classes" | "activities" if isinstance(value, (list, tuple)) and value and _texts(value):
            return tuple(value)
        case "classes" | "activities" if isinstance(value, Mapping) and value and _texts(value.values()):
            return {str(own): name for own, name in value.items()}
        case "output" if isinstance(value, Mapping):
            return _outputs(value, source)
    raise _wrong(key, _WANTED[key], value, source)


_WANTED = {
    "input_size": "[height, width] in whole pixels",
    "multiple_of": "a whole number of pixels",
    "value_range": "[black, white] such as [0, 255]",
    "mean": "three numbers",
    "std": "three positive numbers",
    "channel_order": " or ".join(ORDERS),
    "scores": " or ".join(SCORES),
    "unmapped": "refuse, background or a class of the dataset",
    "classes": "names of the dataset's classes, a list or a table",
    "activities": "names of the dataset's activities, a list or a table",
    "output": "a table of keys or indices by task",
}


def _outputs(value: Mapping[str, Any], source: str) -> dict[str, str | int]:
    for task, place in value.items():
        if task not in TASKS:
            raise unknown_name(f"task of the adapter {source}", task, TASKS)
        if not isinstance(place, (str, int)) or isinstance(place, bool):
            raise _wrong(f"output.{task}", "a key or an index", place, source)
    return dict(value)


def _numbers(value: Any, count: int, kind: type | tuple[type, ...]) -> bool:
    fits = isinstance(value, (list, tuple)) and len(value) == count
    return fits and all(isinstance(item, kind) and not isinstance(item, bool) for item in value)


def _texts(values: Any) -> bool:
    return all(isinstance(item, str) for item in values)


def _wrong(key: str, wanted: str, value: object, source: str) -> ModelError:
    return ModelError(f"Expected {wanted} as {key} of the adapter {source}, got {value!r}: correct it.")
