"""Which files of a repository a model or a data set needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from robustbench_endo.data.reading import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from robustbench_endo.errors import HubError
from robustbench_endo.hub.spec import HubSpec
from robustbench_endo.models.checkpoint import CARD, WEIGHTS

MODEL_SUFFIXES = (".pt2", ".onnx", ".ort", ".ts", ".pt", ".pth")
"""Files that are models by themselves; which kind it is, and whether it is one, is detected from their content."""

ADAPTER_FILE, ADAPTER_SUFFIX = "adapter.toml", ".adapter.toml"

_LABELS = (".csv", ".txt", ".json", ".toml", ".xml")
_TABLES = (".parquet", ".arrow", ".zip", ".tar", ".gz")
_CONFIG = "config.json"


@dataclass(frozen=True)
class Selection:
    """What to download.

    Attributes:
        files: paths in the repository.
        path: of what is opened: a folder or a file; empty = the repository itself.
    """

    files: tuple[str, ...]
    path: str


def select_model(spec: HubSpec, names: Sequence[str]) -> Selection:
    """A checkpoint of this package, a transformers model, or the only model file.

    Args:
        spec: of a model; its path may name a folder or a file.
        names: paths of all files of the repository.

    Raises:
        HubError: nothing that is a model, or several files.
    """
    files = _below(spec, names)
    if list(files) == [PurePosixPath(spec.path).name] and spec.path in names:
        return _single(spec, spec.path, names)
    inside = {name for name in files if "/" not in name}
    prefix = f"{spec.path}/" if spec.path else ""
    if {CARD, WEIGHTS} <= inside:
        needed = [name for name in (CARD, WEIGHTS, ADAPTER_FILE) if name in inside]
        return Selection(tuple(prefix + name for name in needed), spec.path)
    weights = sorted(name for name in inside if name.endswith(".safetensors"))
    weights = weights or sorted(name for name in inside if name.endswith(".bin"))
    if _CONFIG in inside and weights:
        settings = sorted(name for name in inside if name.endswith((".json", ".toml")))
        return Selection(tuple(prefix + name for name in (*settings, *weights)), spec.path)
    models = sorted(name for name in inside if name.endswith(MODEL_SUFFIXES))
    if len(models) == 1:
        return _single(spec, prefix + models[0], names)
    if models:
        raise HubError(f"Expected one model file in {spec}, got {len(models)}: add its path, as in {spec}/{models[0]}.")
    raise HubError(
        f"Expected {CARD} and {WEIGHTS}, a transformers model or a model file ({', '.join(MODEL_SUFFIXES)}) in {spec}, "
        f"got none: {_contents(files)}."
    )


def select_data(spec: HubSpec, names: Sequence[str]) -> Selection:
    """Images, videos and the text files that describe them, of a repository or of a folder in it.

    Raises:
        HubError: neither images, nor videos, nor a CSV file.
    """
    files = [name for name in _below(spec, names) if PurePosixPath(name).name != "README.md"]
    media = (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES)
    needed = [name for name in files if name.lower().endswith((*media, *_LABELS))]
    if not any(name.lower().endswith((*media, ".csv")) for name in needed):
        tables = any(name.lower().endswith(_TABLES) for name in files)
        step = (
            "open it with the package datasets, or give a repository with the files themselves"
            if tables
            else _contents(files)
        )
        raise HubError(f"Expected images, videos or a CSV file in {spec}, got none: {step}.")
    if spec.path in names:
        return Selection((spec.path,), spec.path)
    return Selection(tuple(f"{spec.path}/{name}" if spec.path else name for name in needed), spec.path)


def _below(spec: HubSpec, names: Sequence[str]) -> list[str]:
    """Names relative to the path of the spec; the name itself for a file.

    Raises:
        HubError: there is no such file or folder.
    """
    if spec.path in names:
        return [PurePosixPath(spec.path).name]
    prefix = f"{spec.path}/" if spec.path else ""
    files = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    if prefix and not files:
        raise HubError(f"Expected the file or folder {spec.path!r} in {spec}, got none: {_contents(names)}.")
    return files


def _single(spec: HubSpec, name: str, names: Sequence[str]) -> Selection:
    """A model file with the declaration next to it."""
    data = [other for other in names if other.startswith((f"{name}.data", f"{name}_data"))]
    if data:
        raise HubError(
            f"Expected a model in one file in {spec}, got one with its weights in {data[0]}: download both with "
            f"`hf download {spec.repository} --local-dir DIR` and give the file."
        )
    adapter = str(PurePosixPath(name).with_suffix(ADAPTER_SUFFIX))
    return Selection((name, *([adapter] if adapter in names else [])), name)


def _contents(names: Sequence[str]) -> str:
    """The beginning of a listing, as a next step."""
    names = [name for name in names if not PurePosixPath(name).name.startswith(".")]
    if not names:
        return "the repository has no files"
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"it contains {', '.join(sorted(names)[:5])}{more}"
