"""A pipeline as a TOML file: names, probabilities and parameters of transforms."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from robustbench_endo.errors import TrainingError, unknown_name
from robustbench_endo.training.augmentation.augmix import Mixing

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_KEYS = ("description", "transform", "mixing")
_FOLDER = Path(__file__).parent / "pipelines"
PIPELINES = tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))
"""Names of the pipelines that come with the package."""


@dataclass(frozen=True)
class Entry:
    """A transform of albumentations: its name, how often it is applied, and its own parameters."""

    name: str
    probability: float
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Pipeline:
    """What a file says.

    Attributes:
        place: the file, for errors.
        entries: transforms in their order.
        mixing: of the file's own table; None: it has none.
    """

    place: str
    entries: tuple[Entry, ...]
    mixing: Mixing | None


def read_pipeline(name_or_file: str) -> Pipeline:
    """The pipeline of a name that comes with the package, or of a file ending in .toml.

    Raises:
        UnknownNameError: no pipeline is called that.
        TrainingError: no such file, no TOML, or a table that says something else than a pipeline.
    """
    if name_or_file.endswith(".toml"):
        return _parsed(Path(name_or_file))
    if name_or_file not in PIPELINES:
        raise unknown_name("augmentation", name_or_file, PIPELINES)
    return _parsed(_FOLDER / f"{name_or_file}.toml")


def _parsed(path: Path) -> Pipeline:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise TrainingError(f"Expected an augmentation file at {path}, got none: check the path.") from error
    except (OSError, ValueError) as error:
        raise TrainingError(f"Expected an augmentation file in TOML at {path}, got {error}: correct it.") from error
    wrong = [key for key in content if key not in _KEYS]
    if wrong:
        raise TrainingError(f"Expected {', '.join(_KEYS)} in {path}, got {wrong[0]!r}: correct or remove it.")
    tables = content.get("transform", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise TrainingError(f"Expected tables [[transform]] in {path}, got another form: double the brackets.")
    return Pipeline(str(path), tuple(_entry(table, path) for table in tables), _mixing(content.get("mixing"), path))


def _entry(table: Mapping[str, Any], path: Path) -> Entry:
    name, probability = table.get("name"), table.get("p")
    if not isinstance(name, str):
        raise TrainingError(f'Expected name = "..." in each [[transform]] of {path}, got {name!r}: name it.')
    if isinstance(probability, bool) or not isinstance(probability, (int, float)) or not 0 <= probability <= 1:
        raise TrainingError(f"Expected p from 0 to 1 for {name} in {path}, got {probability!r}: say how often.")
    own = {key: _tupled(value) for key, value in table.items() if key not in ("name", "p")}
    return Entry(name, float(probability), own)


def _tupled(value: Any) -> Any:
    """TOML has lists only; albumentations tells a pair (a range) from a list in places."""
    return tuple(map(_tupled, value)) if isinstance(value, list) else value


def _mixing(table: Any, path: Path) -> Mixing | None:
    if table is None:
        return None
    known = [field.name for field in fields(Mixing)]
    wrong = [key for key in table if key not in known] if isinstance(table, dict) else ["no table"]
    if wrong:
        raise TrainingError(f"Expected {', '.join(known)} in [mixing] of {path}, got {wrong[0]!r}: correct it.")
    return Mixing(**{key: _tupled(value) for key, value in table.items()})
