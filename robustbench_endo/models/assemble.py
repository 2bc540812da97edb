"""A user's network, its input and output declaration and the labels of the data, assembled into a model."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from robustbench_endo.errors import ModelError
from robustbench_endo.models.external.class_mapping import ClassMapping, Entries, bind, index_of
from robustbench_endo.models.external.io_spec import (
    BACKGROUND,
    REFUSE,
    IOSpec,
    LoadedModel,
    find_io_spec,
    read_io_spec,
)
from robustbench_endo.models.external.wrapper import ExternalModel
from robustbench_endo.models.labels import LabelSpace, LabelSpaces
from robustbench_endo.tasks.registry import get_task

PREPROCESSING = ("input_size", "value_range", "mean", "std", "channel_order")
"""Settings of a declaration that say how frames are prepared."""


def split_io_spec(spec: str) -> tuple[str, Path | None]:
    """``SPEC#FILE.toml`` -> the spec and the file; None without one.

    >>> split_io_spec("model.pt#bgr.toml")[0]
    'model.pt'
    """
    model, mark, file = spec.rpartition("#")
    return (model, Path(file)) if mark and model and file.endswith(".toml") else (spec, None)


def io_spec_file(spec: str, file: Path | None) -> Path | None:
    """The file that declares inputs and outputs: ``file``, else the one next to the model's file, else none."""
    path = Path(spec.rpartition(":")[0] if ".py:" in spec else spec)
    return file or (find_io_spec(path) if path.exists() else None)


def load_io_spec(file: Path | None) -> IOSpec:
    """The declaration in ``file``; without one a declaration that changes nothing."""
    return IOSpec() if file is None else read_io_spec(file)


def own_labels(io_spec: IOSpec, labels: LabelSpaces) -> dict[str, LabelSpace]:
    """The labels that the network itself is built for: its own where a declaration translates them."""
    return {task: _own_labels(io_spec.labels.get(task), space) for task, space in labels.items()}


def wrap_model(loaded: LoadedModel, spec: str, user_spec: IOSpec, labels: LabelSpaces) -> ExternalModel:
    """The network in the Model contract, with the labels of the data set.

    Args:
        loaded: the network and what its source declares.
        spec: name of the model in results and errors.
        user_spec: the user's declaration, which overrides that of the source.
        labels: of the data set.

    Warns:
        UserWarning: neither the source nor the user says how frames are prepared.

    Raises:
        ModelError: a declaration translates labels, but the names of the data set's are not known.
        UnknownNameError: a label that the data set does not have; names the closest matches.
    """
    io_spec = user_spec.merged_with(loaded.io_spec)
    if loaded.missing and all(getattr(user_spec, name) == getattr(IOSpec(), name) for name in PREPROCESSING):
        warnings.warn(
            f"The model {spec!r} has no {loaded.missing}: it gets frames as they are, RGB in [0, 1], neither "
            "resized nor normalised. Add the file, or describe the input in an adapter.",
            stacklevel=2,
        )
    mappings: dict[str, ClassMapping] = {}
    for name, entries in io_spec.labels.items():
        task, names = get_task(name), labels[name].names
        if not names:
            kind = task.label_attribute
            raise ModelError(
                f"Expected the names of the dataset's {kind} for the adapter of {spec!r}, got none: give "
                f"load_model(..., {kind}=data.{kind})."
            )
        rest = _unmapped_index(io_spec.unmapped, names) if task.has_label_map else None
        mappings[name] = _bind(spec, entries, rest, loaded.labels.get(name, ()), names)
    digests = [loaded.sha256, None if io_spec == IOSpec() else io_spec.digest()]
    known = " ".join(digest for digest in digests if digest)
    digest = hashlib.sha256(known.encode()).hexdigest() if known else None
    return ExternalModel(loaded.inner, spec, io_spec, mappings, digest)


def _own_labels(entries: Entries | None, space: LabelSpace) -> LabelSpace:
    if entries is None:
        return space
    return replace(space, count=None if isinstance(entries, Mapping) else len(entries))


def _unmapped_index(choice: str, names: Sequence[str]) -> int | None:
    if choice == REFUSE:
        return None
    return 0 if choice == BACKGROUND and BACKGROUND not in names else index_of(choice, names)


def _bind(
    spec: str, entries: Entries, rest: int | None, model_names: Sequence[str], names: Sequence[str]
) -> ClassMapping:
    mapping = bind(spec, entries, rest, model_names, names)
    never = [name for index, name in enumerate(names) if index != rest and index not in mapping.targets.values()]
    if never:
        warnings.warn(
            f"The adapter of {spec!r} gives no class of the model to {', '.join(never)}: they can never be predicted.",
            stacklevel=2,
        )
    return mapping
