"""Load a model from a zoo name, a checkpoint, a file or a factory."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from robustbench_endo.errors import ModelError, RobustEndoError, UnknownNameError
from robustbench_endo.hub.spec import is_hub_spec
from robustbench_endo.io_utils import file_sha256, weights_sha256
from robustbench_endo.models.assemble import io_spec_file, load_io_spec, own_labels, split_io_spec, wrap_model
from robustbench_endo.models.checkpoint import SHIPPED, WEIGHTS, is_checkpoint, read_card, shipped_checkpoint
from robustbench_endo.models.external.hf import is_huggingface_folder
from robustbench_endo.models.external.io_spec import LoadedModel
from robustbench_endo.models.external.loaders import load_external
from robustbench_endo.models.external.wrapper import FAILURES, call_factory
from robustbench_endo.models.labels import (
    Labels,
    LabelSpace,
    LabelSpaces,
    arguments_of,
    counts_of,
    label_spaces,
    labels_of_model,
    set_labels,
)
from robustbench_endo.models.validation import refuse_broken_weights
from robustbench_endo.models.weights import load_weights, read_weights
from robustbench_endo.models.zoo import ZOO, build, has_pretrained_trunk, is_zoo_spec
from robustbench_endo.plugins import resolve
from robustbench_endo.tasks.registry import TASKS


def list_models() -> tuple[str, ...]:
    """Names of the zoo's models and of those that installed packages register.

    >>> "tiny-endoarss/tesla" in list_models()
    True
    """
    return (*ZOO, *sorted(point.name for point in entry_points(group="robustbench_endo.models")))


def load_model(
    spec: str,
    num_classes: int | None = None,
    num_activities: int | None = None,
    weights: str | Path | None = None,
    *,
    classes: Sequence[str] | None = None,
    activities: Sequence[str] | None = None,
    labels: Labels | None = None,
    trust_model_file: bool = False,
) -> nn.Module:
    """A model in eval mode on the CPU: float images (B, 3, H, W) in [0, 1] -> a dict of logits by task.

    It has the attributes ``spec``, ``input_size``, ``weights_sha256``, for a checkpoint ``training_seed``, and, for
    each task, the names and the number of its labels (``classes``, ``num_classes``, ``activities``,
    ``num_activities``; None where unknown). A user's model has ``source_files``, the absolute paths of the files that
    determine what it computes: its code, its model file with external data, its adapter. The same call gives the same
    weights.

    Args:
        spec: a zoo name `backbone/architecture[@key=value,...]`, a checkpoint folder, an entry point,
            `pkg.module:factory`, `file.py:factory`, a TorchScript, `torch.export` or ONNX file, `smp:ARCH/ENCODER`,
            `hf:FOLDER_OR_NAME` (transformers) or `hf://ORG/NAME[@REVISION][/FILE]` (a repository on the Hugging Face
            hub with any of these files); each may end with `#FILE.toml`, an adapter that declares what the model
            expects and what its outputs mean.
        num_classes: number of mask labels; None = that of the weights, or no segmentation.
        num_activities: number of activities; None = that of the weights, or no activity.
        weights: None (a fresh zoo model; a checkpoint folder has its own), a checkpoint folder, a `.safetensors` or
            `.pt` file, or `"pretrained"`: the shipped checkpoint where there is one, else timm's weights for the
            backbone below fresh heads.
        classes: names of the data set's classes, for an adapter that translates the model's.
        activities: names of the data set's activities, likewise.
        labels: task -> number or names of its labels; the general form of the four arguments above.
        trust_model_file: load a TorchScript or `torch.export` file without vetting it. Such a file is a program: give
            this only for a file whose author you trust.

    Raises:
        UnknownNameError: a name that is not registered; lists the closest matches.
        ModelError: weights that do not fit, label counts that differ, a file that is missing or cannot be trusted.
        HubError: no such repository or revision, no access to it, no network, or no model in it.
        OptionalDependencyError: the model needs a package that is not installed.

    >>> import torch
    >>> model = load_model("tiny-resnet/mmoe", weights="pretrained")
    >>> {task: tuple(logits.shape) for task, logits in model(torch.zeros(1, 3, 240, 320)).items()}
    {'segmentation': (1, 7, 160, 208), 'activity': (1, 3)}
    >>> model.activities
    ('exposing', 'grasping', 'cutting')
    """
    spaces = label_spaces(
        labels, num_classes=num_classes, num_activities=num_activities, classes=classes, activities=activities
    )
    if is_hub_spec(spec):
        return _load_from_hub(spec, spaces, weights, trust_model_file)
    if weights == "pretrained" and spec not in SHIPPED and has_pretrained_trunk(spec):
        model = _build(spec, spaces, "pretrained")
        return _finish(model, weights_sha256(model))
    if weights == "pretrained":
        return _load_checkpoint(shipped_checkpoint(spec), spaces, spec)
    if weights is not None and _is_checkpoint(weights):
        return _load_checkpoint(Path(weights), spaces, spec)
    if not _is_zoo(spec) and _is_checkpoint(spec):
        return _load_checkpoint(Path(spec), spaces, None)
    if not _is_zoo(spec):
        return _load_external(spec, spaces, weights, trust_model_file)
    model = _build(spec, spaces)
    if weights is not None:
        load_weights(model, read_weights(Path(weights)), str(weights))
    return _finish(model, file_sha256(Path(weights)) if weights is not None else weights_sha256(model))


def _is_zoo(spec: str) -> bool:
    return is_zoo_spec(spec) and split_io_spec(spec)[1] is None


def _is_checkpoint(path: str | Path) -> bool:
    return is_checkpoint(Path(path)) and not is_huggingface_folder(Path(path))


def _build(spec: str, labels: LabelSpaces, trunk: Literal["pretrained"] | None = None) -> nn.Module:
    if not _is_zoo(spec):
        return _load_external(spec, labels, None)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = build(spec, trunk=trunk, labels=counts_of(labels))
    return _annotate(model, {task: LabelSpace(space.count) for task, space in labels.items()})


def _load_from_hub(spec: str, labels: LabelSpaces, weights: str | Path | None, trust_model_file: bool) -> nn.Module:
    """The model in a repository; ``hub_source`` names the commit that it was read from."""
    from robustbench_endo.hub.download import fetch_model

    plain, file = split_io_spec(spec)
    snapshot = fetch_model(plain)
    local = f"{snapshot.path}#{file}" if file else str(snapshot.path)
    known = {task: space.names or space.count for task, space in labels.items() if space.count}
    model = load_model(local, labels=known, weights=weights, trust_model_file=trust_model_file)
    model.hub_source = snapshot.source  # type: ignore[assignment]
    return model


def _load_external(
    spec: str, labels: LabelSpaces, weights: str | Path | None, trust_model_file: bool = False
) -> nn.Module:
    plain, file = split_io_spec(spec)
    file = io_spec_file(plain, file)
    io_spec = load_io_spec(file)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        loaded = _load_inner(plain, own_labels(io_spec, labels), weights, trust_model_file)
    model = wrap_model(loaded, spec, io_spec, labels)
    model.trust_model_file = trust_model_file
    model.source_files = (*loaded.files, *([file.resolve()] if file else []))
    refuse_broken_weights(model, spec)
    # The names are those of the model's outputs only where they were translated to them.
    spaces = {
        task: LabelSpace(space.count, space.names if task in io_spec.labels else ()) for task, space in labels.items()
    }
    return _finish(_annotate(model, spaces), loaded.sha256 or weights_sha256(model))


def _load_inner(spec: str, labels: LabelSpaces, weights: str | Path | None, trust_model_file: bool) -> LoadedModel:
    """A user's network or, below an adapter, one of ours, with its weights."""
    if is_zoo_spec(spec) or _is_checkpoint(spec):
        model = load_model(spec, weights=weights, labels=counts_of(labels) if is_zoo_spec(spec) else None)
        names = {task: space.names for task, space in labels_of_model(model).items()}
        return LoadedModel(model, labels=names, sha256=str(model.weights_sha256))
    loaded = load_external(spec, labels, trust_model_file)
    if loaded is None:
        factory = _factory(spec)
        files = _source_files(factory, spec)
        loaded = LoadedModel(call_factory(factory, spec, **arguments_of(labels)), files=files)
    if weights is None:
        return loaded
    if not isinstance(loaded.inner, nn.Module):
        raise ModelError(
            f"Expected a torch.nn.Module to load {weights} into, got {spec!r} to be none: load them in the factory."
        )
    load_weights(loaded.inner, _without_wrapper(read_weights(Path(weights))), str(weights))
    return replace(loaded, sha256=file_sha256(Path(weights)), files=(*loaded.files, Path(weights).resolve()))


def _source_files(factory: Callable[..., Any], spec: str) -> tuple[Path, ...]:
    """The file that a spec names, and the one that defines the factory where it is another."""
    named = [spec.rpartition(":")[0]] if ".py:" in spec else []
    sources = [_source_file(each) for each in (inspect.unwrap(factory), type(factory))]
    defined = next((source for source in sources if source), None)
    return tuple(dict.fromkeys(Path(file).resolve() for file in [*named, *([defined] if defined else [])]))


def _source_file(item: object) -> str | None:
    try:
        return inspect.getsourcefile(item)  # type: ignore[arg-type]
    except TypeError:  # a built-in, an object that can be called, or a class of a file that is no module
        return None


def _without_wrapper(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
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
            f"Cannot import the code of the model {spec!r}: {type(error).__name__}: {error}. Correct it."
        ) from error


def _load_checkpoint(folder: Path, labels: LabelSpaces, spec: str | None) -> nn.Module:
    card = read_card(folder)
    if spec is not None and spec != card.spec:
        raise ModelError(f"Expected a checkpoint of {spec!r}, got one of {card.spec!r} in {folder}: change either.")
    for task in reversed(TASKS):
        expected, actual = labels[task.name].count, card.labels[task.name].count
        if expected and actual and expected != actual:
            raise ModelError(
                f"Expected a model for {expected} {task.label_attribute}, got {actual} in the checkpoint {folder}: "
                "evaluate on the data it was trained for, or train from it with `--init-weights`."
            )
    model = _build(card.spec, card.labels)
    _annotate(model, card.labels, card.training.get("trained_on") or ())
    model.training_seed = card.seed  # type: ignore[assignment]
    load_weights(model, read_weights(folder / WEIGHTS), str(folder))
    return _finish(model, file_sha256(folder / WEIGHTS))


def _annotate(model: nn.Module, labels: LabelSpaces, trained_on: Sequence[str] = ()) -> nn.Module:
    """Set the labels, and the corruptions that the model was trained on."""
    set_labels(model, labels)
    model.trained_on = tuple(trained_on)  # type: ignore[assignment]
    return model


def _finish(model: nn.Module, digest: str) -> nn.Module:
    model.weights_sha256 = digest  # type: ignore[assignment]
    if not hasattr(model, "source_files"):
        model.source_files = ()  # type: ignore[assignment]
    return model.eval()
