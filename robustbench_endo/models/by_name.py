"""Models that a name determines with their weights, for the labels of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from robustbench_endo.errors import ModelError
from robustbench_endo.hub.spec import is_hub_spec
from robustbench_endo.models.assemble import split_io_spec
from robustbench_endo.models.checkpoint import CARD, SHIPPED
from robustbench_endo.models.external.hf import is_huggingface_folder
from robustbench_endo.models.labels import Labels
from robustbench_endo.models.loading import load_model
from robustbench_endo.models.zoo import ZOO


def is_trained(spec: str) -> bool:
    """Whether a spec is a shipped model or a checkpoint folder, also on the hub, which has its own labels.

    >>> is_trained("tiny-resnet/mmoe"), is_trained("resnet18/mmoe")
    (True, False)
    """
    if is_hub_spec(spec):
        from robustbench_endo.hub.download import fetch_model

        path = fetch_model(split_io_spec(spec)[0]).path
        return (path / CARD).is_file()
    return spec in SHIPPED or (Path(spec).is_dir() and not is_huggingface_folder(Path(spec)))


def load_trained(spec: str) -> Any:
    """A shipped model or a checkpoint folder, with its weights."""
    return load_model(spec, weights="pretrained" if spec in SHIPPED else None)


def load_untrained(spec: str, labels: Labels, trust_model_file: bool = False) -> Any:
    """A user's model, which is built for the labels of the data.

    Raises:
        ModelError: a model of the zoo or of a library, which has no trained weights.
    """
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
    return load_model(spec, labels=labels, trust_model_file=trust_model_file)


def load_by_name(spec: str, labels: Labels) -> Any:
    """The model of a spec with trained weights.

    Args:
        spec: see :func:`~robustbench_endo.models.load_model`; a shipped model has the shipped weights.
        labels: task -> names of the labels of the data, for models that are built for them.

    Raises:
        RobustEndoError: no such model, or one without trained weights.

    >>> load_by_name("tiny-resnet/mmoe", {}).activities
    ('exposing', 'grasping', 'cutting')
    """
    return load_trained(spec) if is_trained(spec) else load_untrained(spec, labels)
