"""Models and data of a command, checked against each other."""

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
from robustbench_endo.tasks.registry import labels_of
from robustbench_endo.types import Dataset

_NAMED = re.compile(r"([^=/@:\\]+)=(.+)")


def load_data(
    data: str,
    split: str | None,
    classes: tuple[str, ...] | None,
    subject_regex: str | None,
    trained_classes: tuple[str, ...] | None = None,
) -> Dataset:
    """The data set of ``--data`` and its options.

    Args:
        data, split, classes, subject_regex: as in :func:`~robustbench_endo.data.load_dataset`.
        trained_classes: classes of a trained model, used for a folder without ``classes.txt``.
    """
    unnamed = Path(data).is_dir() and not (Path(data) / "classes.txt").is_file()
    return load_dataset(
        data, split=split, classes=classes or (trained_classes if unnamed else None), subject_regex=subject_regex
    )


def training_split(data: str, split: str | None) -> str | None:
    """The split that is named, else ``train`` where the data are divided."""
    return split or ("train" if is_divided(data) else None)


def load_models_and_data(
    specs: Sequence[str], data: str, split: str | None, classes: tuple[str, ...] | None, subject_regex: str | None
) -> tuple[dict[str, Any], Dataset]:
    """The models of ``--model`` by name, and the data for them.

    Checkpoints are loaded first, because they contain the names of their labels; a user's factory is then called with
    the number of labels of the data. Every model is validated on a small batch before the run.

    Raises:
        ModelError: two models of one name, a zoo model without trained weights, outputs that do not fit the data.
    """
    named = names_of(specs or SHIPPED)
    trained = {name: _load_trained(spec) for name, spec in named.items() if _is_trained(spec)}
    classes_of_model = next((tuple(model.classes) for model in trained.values() if model.classes), None)
    dataset = load_data(data, split, classes, subject_regex, classes_of_model)
    models = {
        name: trained[name] if name in trained else _load_untrained(spec, dataset) for name, spec in named.items()
    }
    for name, model in models.items():
        _check_fit(name, model, dataset)
    return models, dataset


def names_of(specs: Sequence[str]) -> dict[str, str]:
    """Name -> spec: ``NAME=SPEC``, else the spec itself or the checkpoint folder's name."""
    named: dict[str, str] = {}
    for text in specs:
        match = _NAMED.fullmatch(text)
        spec = match.group(2) if match else text
        name = match.group(1) if match else Path(spec).resolve().name if Path(spec).is_dir() else spec
        if name in named:
            raise ModelError(
                f"Expected a different name for each model, got {name!r} twice: name them as --model NAME={spec}."
            )
        named[name] = spec
    return named


def _is_trained(spec: str) -> bool:
    return spec in SHIPPED or (Path(spec).is_dir() and not is_huggingface_folder(Path(spec)))


def _load_trained(spec: str) -> Any:
    return load_model(spec, weights="pretrained" if spec in SHIPPED else None)


def _load_untrained(spec: str, data: Dataset) -> Any:
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
    return load_model(spec, labels=labels_of(data))


def _check_fit(name: str, model: Any, data: Dataset) -> None:
    try:
        validate(model, labels=labels_of(data))
    except ModelError as error:
        raise ModelError(f"Model {name}: {error}") from error
