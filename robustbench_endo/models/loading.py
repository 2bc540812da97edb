"""From what a user types to a model that is ready to run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from robustbench_endo.errors import ModelError, RobustEndoError, UnknownNameError
from robustbench_endo.models.assemble import LabelSpace, adapted, declared, split_adapter
from robustbench_endo.models.checkpoint import WEIGHTS, ModelCard, is_checkpoint, read_card, sha256
from robustbench_endo.models.external.hf import is_huggingface_folder
from robustbench_endo.models.external.loaded import LoadedModel
from robustbench_endo.models.external.loaders import load_users
from robustbench_endo.models.external.wrapper import FAILURES, call_factory
from robustbench_endo.models.shipped import SHIPPED, embedded_checkpoint
from robustbench_endo.models.validation import refuse_broken_weights
from robustbench_endo.models.weights import load_weights, read_weights, weights_digest
from robustbench_endo.models.zoo import ZOO, build, has_pretrained_trunk, is_zoo_spec
from robustbench_endo.plugins import resolve


def list_models() -> tuple[str, ...]:
    """Names of the zoo's models and of the ones that installed packages register."""
    return (*ZOO, *sorted(point.name for point in entry_points(group="robustbench_endo.models")))


def load_model(
    spec: str,
    num_classes: int | None = None,
    num_activities: int | None = None,
    weights: str | Path | None = None,
    *,
    classes: Sequence[str] | None = None,
    activities: Sequence[str] | None = None,
) -> nn.Module:
    """A model that meets the Model contract, in eval mode on the CPU.

    It carries ``spec``, ``classes`` and ``activities`` (names, or None where unknown), ``num_classes``,
    ``num_activities``, ``input_size`` and ``weights_sha256``. The same call gives the same weights.

    Args:
        spec: a zoo name `backbone/architecture[@key=value,...]`, a checkpoint folder, an entry point,
            `pkg.module:factory`, `file.py:factory`, a TorchScript, `torch.export` or ONNX file, `smp:ARCH/ENCODER`,
            or `hf:FOLDER_OR_NAME`; each may end with `#FILE.toml`, an adapter that says what the model expects and
            what its outputs mean.
        num_classes: mask labels wanted; None = what the weights have, or no segmentation.
        num_activities: activities wanted; None = what the weights have, or no activity.
        weights: None (a fresh zoo model; a checkpoint folder brings its own), a checkpoint folder, a `.safetensors` or
            `.pt` file, or `"pretrained"`: the shipped checkpoint where there is one, else timm's weights for the
            backbone below fresh heads.
        classes: the dataset's class names, for an adapter that translates the model's.
        activities: the same for activities.

    Raises:
        UnknownNameError: nobody registered the name; lists the closest matches.
        ModelError: weights that do not fit, class counts that differ, a file that is missing or cannot be trusted.
        OptionalDependencyError: the model needs a package that is not installed.
    """
    labels = LabelSpace(
        num_classes or (len(classes) if classes else None),
        num_activities or (len(activities) if activities else None),
        None if classes is None else tuple(classes),
        None if activities is None else tuple(activities),
    )
    if weights == "pretrained" and spec not in SHIPPED and has_pretrained_trunk(spec):
        model = _fresh(spec, labels, "pretrained")
        return _ready(model, weights_digest(model))
    if weights == "pretrained":
        return _checkpoint(embedded_checkpoint(spec), labels, spec)
    if weights is not None and _is_folder(weights):
        return _checkpoint(Path(weights), labels, spec)
    if not _is_zoo(spec) and _is_folder(spec):
        return _checkpoint(Path(spec), labels, None)
    if not _is_zoo(spec):
        return _users(spec, labels, weights)
    model = _fresh(spec, labels)
    if weights is not None:
        load_weights(model, read_weights(Path(weights)), str(weights))
    return _ready(model, sha256(Path(weights)) if weights is not None else weights_digest(model))


def _is_zoo(spec: str) -> bool:
    return is_zoo_spec(spec) and split_adapter(spec)[1] is None


def _is_folder(place: str | Path) -> bool:
    return is_checkpoint(Path(place)) and not is_huggingface_folder(Path(place))


def _fresh(spec: str, labels: LabelSpace, trunk: Literal["pretrained"] | None = None) -> nn.Module:
    if not _is_zoo(spec):
        return _users(spec, labels, None)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = build(spec, labels.num_classes, labels.num_activities, trunk)
    return _labelled(model, ModelCard(spec, labels.num_classes or None, labels.num_activities or None))


def _users(spec: str, labels: LabelSpace, weights: str | Path | None) -> nn.Module:
    plain, file = split_adapter(spec)
    given = declared(plain, file)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        loaded = _loaded(plain, labels.of_the_model(given), weights)
    model = adapted(loaded, spec, given, labels)
    refuse_broken_weights(model, spec)
    card = ModelCard(
        spec,
        labels.num_classes or None,
        labels.num_activities or None,
        classes=labels.classes or () if given.classes else (),
        activities=labels.activities or () if given.activities else (),
    )
    return _ready(_labelled(model, card), loaded.sha256 or weights_digest(model))


def _loaded(spec: str, labels: LabelSpace, weights: str | Path | None) -> LoadedModel:
    """A user's network or, below an adapter, one of ours, with its weights in it."""
    if is_zoo_spec(spec) or _is_folder(spec):
        counts = (labels.num_classes, labels.num_activities) if is_zoo_spec(spec) else (None, None)
        model = load_model(spec, *counts, weights)
        return LoadedModel(
            model, classes=tuple(getattr(model, "classes", None) or ()), sha256=str(model.weights_sha256)
        )
    loaded = load_users(spec, labels.num_classes)
    if loaded is None:
        counts = (labels.num_classes, labels.num_activities)
        made = call_factory(_factory(spec), spec, num_classes=counts[0], num_activities=counts[1])
        loaded = LoadedModel(made)
    if weights is None:
        return loaded
    if not isinstance(loaded.inner, nn.Module):
        raise ModelError(
            f"Expected a torch.nn.Module to load {weights} into, got {spec!r} to be none: load them there."
        )
    load_weights(loaded.inner, _unwrapped(read_weights(Path(weights))), str(weights))
    return replace(loaded, sha256=sha256(Path(weights)))


def _unwrapped(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights that were saved from the wrapper have its prefix."""
    inner = {name.removeprefix("inner."): tensor for name, tensor in tensors.items() if name.startswith("inner.")}
    return inner or tensors


def _factory(spec: str) -> Callable[..., Any]:
    try:
        return resolve("model", spec if ":" in spec else spec.partition("@")[0], dict.fromkeys(ZOO, build))
    except UnknownNameError as error:
        raise UnknownNameError(f"{error} No checkpoint folder or model file has that name either.") from error
    except RobustEndoError:
        raise
    except (*FAILURES, SyntaxError) as error:
        raise ModelError(
            f"Expected Python code that can be imported for the model {spec!r}, got {type(error).__name__}: {error}: "
            "correct it."
        ) from error


def _checkpoint(folder: Path, labels: LabelSpace, spec: str | None) -> nn.Module:
    card = read_card(folder)
    if spec is not None and spec != card.spec:
        raise ModelError(f"Expected a checkpoint of {spec!r}, got one of {card.spec!r} in {folder}: change either.")
    for kind, wanted, found in (
        ("classes", labels.num_classes, card.num_classes),
        ("activities", labels.num_activities, card.num_activities),
    ):
        if wanted and found and wanted != found:
            raise ModelError(
                f"Expected a model for {wanted} {kind}, got {found} in the checkpoint {folder}: evaluate on the data "
                "it was trained for, or train from it with `--init-weights`."
            )
    own = LabelSpace(card.num_classes, card.num_activities, card.classes or None, card.activities or None)
    model = _labelled(_fresh(card.spec, own), card)
    load_weights(model, read_weights(folder / WEIGHTS), str(folder))
    return _ready(model, sha256(folder / WEIGHTS))


def _labelled(model: nn.Module, card: ModelCard) -> nn.Module:
    names = {"num_classes": card.num_classes, "num_activities": card.num_activities}
    labels = {"classes": card.classes or None, "activities": card.activities or None}
    seen = {"trained_on": tuple(card.training.get("trained_on") or ())}
    for name, value in {**names, **labels, **seen}.items():
        setattr(model, name, value)
    return model


def _ready(model: nn.Module, digest: str) -> nn.Module:
    model.weights_sha256 = digest  # type: ignore[assignment]
    return model.eval()
