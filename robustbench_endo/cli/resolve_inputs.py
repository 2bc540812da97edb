"""From the options of a command to models and data that fit each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from robustbench_endo.data import load_dataset
from robustbench_endo.data.registry import is_divided
from robustbench_endo.errors import ModelError
from robustbench_endo.models import SHIPPED, load_model, validate
from robustbench_endo.models.external.hf import is_huggingface_folder
from robustbench_endo.models.zoo import ZOO
from robustbench_endo.types import Dataset

_NAMED = re.compile(r"([^=/@:\\]+)=(.+)")


def load_data(
    data: str,
    split: str | None,
    classes: tuple[str, ...] | None,
    subject_regex: str | None,
    remembered: tuple[str, ...] | None = None,
) -> Dataset:
    """The dataset of ``--data`` and its companions.

    ``remembered`` are the labels a model was trained on: they name the classes of a folder that does not say its own.
    """
    silent = Path(data).is_dir() and not (Path(data) / "classes.txt").is_file()
    return load_dataset(
        data, split=split, classes=classes or (remembered if silent else None), subject_regex=subject_regex
    )


def training_split(data: str, split: str | None) -> str | None:
    """``train`` unless another split is named or the folder has none."""
    return split or ("train" if is_divided(data) else None)


def load_models_and_data(
    specs: Sequence[str], data: str, split: str | None, classes: tuple[str, ...] | None, subject_regex: str | None
) -> tuple[dict[str, Any], Dataset]:
    """The models of ``--model``, by name, and the data they are evaluated on.

    Checkpoints come first, because they remember the names of their labels; a user's factory is then called with
    the number of labels of the data. Every model answers one dry batch before any long work.

    Raises:
        ModelError: two models of one name, a zoo model without trained weights, answers that do not fit the data.
    """
    named = names_of(specs or SHIPPED)
    trained = {name: _trained(spec) for name, spec in named.items() if _is_trained(spec)}
    remembered = next((tuple(model.classes) for model in trained.values() if model.classes), None)
    dataset = load_data(data, split, classes, subject_regex, remembered)
    models = {name: trained[name] if name in trained else _built(spec, dataset) for name, spec in named.items()}
    for name, model in models.items():
        _check_fit(name, model, dataset)
    return models, dataset


def names_of(specs: Sequence[str]) -> dict[str, str]:
    """Name -> spec: ``NAME=SPEC``, else the spec itself or the checkpoint folder's name."""
    named: dict[str, str] = {}
    for given in specs:
        match = _NAMED.fullmatch(given)
        spec = match.group(2) if match else given
        name = match.group(1) if match else Path(spec).resolve().name if Path(spec).is_dir() else spec
        if name in named:
            raise ModelError(
                f"Expected a different name for each model, got {name!r} twice: name them as --model NAME={spec}."
            )
        named[name] = spec
    return named


def _is_trained(spec: str) -> bool:
    return spec in SHIPPED or (Path(spec).is_dir() and not is_huggingface_folder(Path(spec)))


def _trained(spec: str) -> Any:
    return load_model(spec, weights="pretrained" if spec in SHIPPED else None)


def _built(spec: str, data: Dataset) -> Any:
    if spec in ZOO:
        raise ModelError(
            f"Expected trained weights for the model {spec!r}, got none shipped: train it with "
            f"robust-endo train --model {spec} and give its --out as the model."
        )
    if spec.startswith("smp:") and "weights=" not in spec:
        raise ModelError(
            f"Expected trained weights for the model {spec!r}, got none: name a file as the option weights=FILE "
            "after an @."
        )
    return load_model(spec, classes=data.classes, activities=data.activities)


def _check_fit(name: str, model: Any, data: Dataset) -> None:
    try:
        validate(model, len(data.classes), len(data.activities))
    except ModelError as error:
        raise ModelError(f"Model {name}: {error}") from error
