"""From what a user types to a model that is ready to run."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import torch
from torch import nn

from robustbench_endo.errors import ModelError, UnknownNameError
from robustbench_endo.models.checkpoint import WEIGHTS, Card, is_checkpoint, read_card
from robustbench_endo.models.embedded import embedded_checkpoint
from robustbench_endo.models.files import sha256
from robustbench_endo.models.foreign import call_factory
from robustbench_endo.models.weights import load_weights, read_weights, weights_digest
from robustbench_endo.models.zoo import ZOO, build, is_zoo_spec
from robustbench_endo.plugins import resolve


def list_models() -> tuple[str, ...]:
    """Names of the zoo's models and of the ones that installed packages register."""
    return (*ZOO, *sorted(point.name for point in entry_points(group="robustbench_endo.models")))


def load_model(
    spec: str,
    num_classes: int | None = None,
    num_activities: int | None = None,
    weights: str | Path | None = None,
) -> nn.Module:
    """A model that meets the Model contract, in eval mode on the CPU.

    It carries ``spec``, ``classes`` and ``activities`` (names, or None where unknown), ``num_classes``,
    ``num_activities``, ``input_size`` and ``weights_sha256``. The same call gives the same weights.

    Args:
        spec: a zoo name `backbone/architecture[@key=value,...]`, a checkpoint folder, an entry point,
            `pkg.module:factory` or `file.py:factory`.
        num_classes: mask labels wanted; None = what the weights have, or no segmentation.
        num_activities: activities wanted; None = what the weights have, or no activity.
        weights: None (a fresh zoo model; a checkpoint folder brings its own), `"pretrained"`, a checkpoint folder, or
            a `.safetensors` or `.pt` file.

    Raises:
        UnknownNameError: nobody registered the name; lists the closest matches.
        ModelError: weights that do not fit, class counts that differ, a file that is missing or cannot be trusted.
    """
    if weights == "pretrained":
        return _checkpoint(embedded_checkpoint(spec), num_classes, num_activities, spec)
    if weights is not None and is_checkpoint(Path(weights)):
        return _checkpoint(Path(weights), num_classes, num_activities, spec)
    if not is_zoo_spec(spec) and is_checkpoint(Path(spec)):
        return _checkpoint(Path(spec), num_classes, num_activities, None)
    model = _fresh(spec, num_classes, num_activities)
    if weights is not None:
        load_weights(model, read_weights(Path(weights)), str(weights))
    return _ready(model, sha256(Path(weights)) if weights is not None else weights_digest(model))


def _fresh(spec: str, num_classes: int | None, num_activities: int | None) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if is_zoo_spec(spec):
            model: nn.Module = build(spec, num_classes, num_activities)
        else:
            model = call_factory(_factory(spec), spec, num_classes=num_classes, num_activities=num_activities)
    return _labelled(model, Card(spec, num_classes or None, num_activities or None))


def _factory(spec: str) -> Callable[..., Any]:
    try:
        return resolve("model", spec if ":" in spec else spec.partition("@")[0], dict.fromkeys(ZOO, build))
    except UnknownNameError as error:
        raise UnknownNameError(f"{error} No checkpoint folder has that name either.") from error


def _checkpoint(folder: Path, num_classes: int | None, num_activities: int | None, spec: str | None) -> nn.Module:
    card = read_card(folder)
    if spec is not None and spec != card.spec:
        raise ModelError(f"Expected a checkpoint of {spec!r}, found one of {card.spec!r} in {folder}: change either.")
    for kind, wanted, found in (
        ("classes", num_classes, card.num_classes),
        ("activities", num_activities, card.num_activities),
    ):
        if wanted and found and wanted != found:
            raise ModelError(
                f"Expected a model for {wanted} {kind}, found {found} in the checkpoint {folder}: evaluate on the data "
                "it was trained for, or train from it with `--initial`."
            )
    model = _labelled(_fresh(card.spec, card.num_classes, card.num_activities), card)
    load_weights(model, read_weights(folder / WEIGHTS), str(folder))
    return _ready(model, sha256(folder / WEIGHTS))


def _labelled(model: nn.Module, card: Card) -> nn.Module:
    names = {"num_classes": card.num_classes, "num_activities": card.num_activities}
    labels = {"classes": card.classes or None, "activities": card.activities or None}
    for name, value in {**names, **labels}.items():
        setattr(model, name, value)
    return model


def _ready(model: nn.Module, digest: str) -> nn.Module:
    model.weights_sha256 = digest  # type: ignore[assignment]
    return model.eval()
