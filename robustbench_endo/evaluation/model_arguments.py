"""The models of :func:`rb.evaluate`: named, loaded and checked on a small batch before the run."""

from __future__ import annotations

import functools
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook

from robustbench_endo.errors import ModelError
from robustbench_endo.evaluation.methods import ModelsByName
from robustbench_endo.models.by_name import load_by_name
from robustbench_endo.models.external.class_mapping import ClassMapping
from robustbench_endo.models.external.wrapper import ExternalModel
from robustbench_endo.models.labels import Labels, counts_of, label_spaces
from robustbench_endo.models.validation import (
    check_counts,
    dry_frames,
    dry_run,
    looks_like_probabilities,
    refuse_broken_weights,
)
from robustbench_endo.tasks.registry import TASKS
from robustbench_endo.types import MASK

AnyModel = str | Path | Callable[[Tensor], Any]
"""A network or another callable on float images (B, 3, H, W) in [0, 1], or a name that ``load_model`` knows."""

Models = AnyModel | Sequence[AnyModel] | Mapping[str, AnyModel | Sequence[AnyModel]]
"""What :func:`rb.evaluate` takes as models."""

Layers = dict[nn.Module, tuple[bool, list[int]]]
"""Layer -> whether it is in training mode, and the keys of its hooks."""

LARGE = 512 * 512
"""Pixels of a frame from which the dry run has one frame."""

_EXPECTED = "models to be a network, a callable, a name such as 'tiny-resnet/mmoe', or a dict of name -> network"


def named_models(models: Models) -> dict[str, AnyModel | Sequence[AnyModel]]:
    """Name -> model, or the models of a method; models without a name are named after their class or function.

    A sequence without names has different models, which are numbered where names repeat. Only under a name is a
    sequence a method of several training seeds.

    Raises:
        ModelError: something that is no model, or no model at all.

    >>> list(named_models([torch.nn.Conv2d(3, 2, 1), torch.nn.Conv2d(3, 2, 1), len]))
    ['Conv2d 1', 'Conv2d 2', 'len']
    """
    if isinstance(models, Mapping) and models:
        return {_check_name(name, models): _check_entry(name, entry) for name, entry in models.items()}
    single = _is_model(models) or not isinstance(models, Sequence)
    entries: list[Any] = [] if models == {} else [models] if single else list(models)  # type: ignore[arg-type]
    if not entries:
        raise ModelError(f"Expected {_EXPECTED}, got an empty {type(models).__name__}: give at least one model.")
    for entry in entries:
        _check_model(entry, "")
    names = [name_of(entry) for entry in entries]
    repeated, numbers = Counter(names), Counter[str]()
    named: dict[str, AnyModel | Sequence[AnyModel]] = {}
    for name, entry in zip(names, entries, strict=True):
        numbers[name] += 1
        named[f"{name} {numbers[name]}" if repeated[name] > 1 else name] = entry
    return named


def name_of(model: object) -> str:
    """The name of a model without one: its spec, else its class or function.

    >>> name_of(lambda images: images)
    'model'
    """
    if isinstance(model, (str, Path)):
        return Path(model).resolve().name if Path(model).is_dir() else str(model)
    if isinstance(model, functools.partial):
        return name_of(model.func)
    inner = getattr(model, "_orig_mod", None) or (model.module if isinstance(model, nn.DataParallel) else None)
    if inner is not None:
        return name_of(inner)
    name = getattr(model, "spec", None) or getattr(model, "__name__", None) or type(model).__name__
    return "model" if name == "<lambda>" or not isinstance(name, str) else name


@contextmanager
def prepared_models(
    models: Models, labels: Labels, size: tuple[int, int], device: torch.device
) -> Iterator[ModelsByName]:
    """The models of a call, on a device in eval mode; networks are as they were when the context ends.

    Names are loaded. Every model is run once on one or two frames: one that returns a tensor, or the output of
    torchvision or transformers, is wrapped; one that returns logits by task is evaluated as it is.

    Args:
        models: see :data:`Models`.
        labels: task -> names of the labels of the data.
        size: height and width of the frames.
        device: of the run.

    Raises:
        ModelError: something that is no model, or a model that does not fit the frames or the labels.
    """
    named: dict[str, Any] = {
        name: [_loaded(each, labels) for each in entry] if _is_method(entry) else _loaded(entry, labels)
        for name, entry in named_models(models).items()
    }
    flat = [each for entry in named.values() for each in (entry if isinstance(entry, list) else [entry])]
    images = dry_frames(size, device, 1 if size[0] * size[1] > LARGE else 2)
    with unchanged([model for model in flat if isinstance(model, nn.Module)]) as layers:
        yield {
            name: [prepare(f"{name} ({i})", each, images, labels, layers) for i, each in enumerate(entry)]
            if isinstance(entry, list)
            else prepare(name, entry, images, labels, layers)
            for name, entry in named.items()
        }


@contextmanager
def unchanged(models: Sequence[nn.Module]) -> Iterator[Layers]:
    """Restore the mode of every layer, its hooks, and the device of networks when the context ends.

    Layers that are added to what it yields are restored as well.
    """
    layers: Layers = {}
    for model in models:
        _remember(model, layers)
    devices = [(model, _device_of(model)) for model in models]
    try:
        yield layers
    finally:
        for layer, (training, hooks) in layers.items():
            layer.training = training
            for key in [key for key in layer._forward_pre_hooks if key not in hooks]:
                del layer._forward_pre_hooks[key]
        for model, device in devices:
            if device is not None and _device_of(model) != device:
                model.to(device)


@contextmanager
def called_in_eval_mode(function: Callable[[Tensor], Any], layers: Layers) -> Iterator[None]:
    """Put every network that is called in the context into eval mode, and add its layers to ``layers``.

    A function may close over a network that is in training mode still: its dropout and the statistics of its batches
    would enter the scores, and the frames its running statistics.
    """

    def switch(network: nn.Module, inputs: object = None) -> None:
        if network.training:
            _remember(network, layers)
            network.eval()

    if isinstance(owner := getattr(function, "__self__", None), nn.Module):  # network.forward, network.predict
        switch(owner)
    handle = register_module_forward_pre_hook(switch)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Using `torch.compile")  # the hook may be called twice
            yield
    finally:
        handle.remove()


def prepare(
    name: str, model: Callable[[Tensor], Any], images: Tensor, labels: Labels, layers: Layers | None = None
) -> Callable[[Tensor], Any]:
    """A model that returns logits by task, checked on images; the model itself where it does.

    Networks are put into eval mode, also those that a function calls, whose layers are added to ``layers``.

    Raises:
        ModelError: a model that does not fit the images or the labels.

    Warns:
        UserWarning: the model seems to return probabilities, or is one of transformers without its image processor.
    """
    counts = counts_of(label_spaces(labels))
    if isinstance(model, nn.Module):
        refuse_broken_weights(model, name)
        model.to(images.device).eval()
    devices = [images.device] if images.device.type == "cuda" else []
    watched = (
        nullcontext() if isinstance(model, nn.Module) else called_in_eval_mode(model, {} if layers is None else layers)
    )
    with torch.random.fork_rng(devices), watched:  # a model that draws random numbers draws the same ones in the run
        checked, logits = _dry_run(name, model, images)
    one = MASK in logits and logits[MASK].shape[1] == 1 and counts.get(MASK) == 2
    if one:
        # One channel is the foreground of two classes: softmax of (0, z) is the sigmoid of z.
        _refuse_probabilities(name, logits[MASK])
        mapping = ClassMapping(name, {0: 0, 1: 1}, None, 2, None)
        checked = ExternalModel(model, name, mappings={MASK: mapping})
    check_counts(name, {task: 2 if one and task == MASK else t.shape[1] for task, t in logits.items()}, counts)
    if checked is not model:
        _warn_of_input_and_output(name, model, logits)
    return checked


def _dry_run(
    name: str, model: Callable[[Tensor], Any], images: Tensor
) -> tuple[Callable[[Tensor], Any], dict[str, Tensor]]:
    """The model, wrapped unless it returns logits by task, and its logits."""
    try:
        output, logits = dry_run(model, name, images)
    except ModelError:
        if getattr(model, "input_size", None) is None:
            raise
        wrapped = ExternalModel(model, name)
        return wrapped, dry_run(wrapped, name, images)[1]
    by_task = isinstance(output, Mapping) and any(task.name in output for task in TASKS)
    return (model if by_task else ExternalModel(model, name)), logits


def _refuse_probabilities(name: str, foreground: Tensor) -> None:
    low, high = (float(value) for value in foreground.aminmax())
    if 0 <= low < high <= 1:
        raise ModelError(
            f"Expected logits of the foreground from the model {name!r}, below 0 in the background, got values from "
            f"{low:.3g} to {high:.3g}, which seem to be probabilities: return the logits, before the sigmoid."
        )


def _warn_of_input_and_output(name: str, model: object, logits: Mapping[str, Tensor]) -> None:
    for task, tensor in logits.items():
        if looks_like_probabilities(tensor):
            warnings.warn(
                f"The model {name!r} seems to return probabilities ({task}): return the logits, before softmax, for "
                "right confidences.",
                stacklevel=6,
            )
    if any(base.__name__ == "PreTrainedModel" for base in type(model).__mro__):
        warnings.warn(
            f"The model {name!r} is one of transformers without its image processor: it gets RGB frames in [0, 1] that "
            "are not normalised; give rb.from_transformers(model, processor).",
            stacklevel=6,
        )


def _remember(network: nn.Module, layers: Layers) -> None:
    for layer in network.modules():
        layers.setdefault(layer, (layer.training, list(layer._forward_pre_hooks)))


def _loaded(model: Any, labels: Labels) -> Callable[[Tensor], Any]:
    loaded: Callable[[Tensor], Any] = load_by_name(str(model), labels) if isinstance(model, (str, Path)) else model
    return loaded


def _is_method(entry: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(entry, Sequence) and not isinstance(entry, (str, Path)) and not callable(entry)


def _is_model(value: object) -> bool:
    return isinstance(value, (str, Path)) or (callable(value) and not isinstance(value, type))


def _check_name(name: object, models: Mapping[Any, Any]) -> str:
    tensors = [value for value in models.values() if isinstance(value, Tensor)]
    if tensors and len(tensors) == len(models):
        raise ModelError(
            f"Expected {_EXPECTED}, got a state dict of {len(tensors)} tensors: load it by "
            "network.load_state_dict(...) and give the network."
        )
    if not isinstance(name, str) or not name:
        raise ModelError(f"Expected names of models to be texts, got {name!r}: write them as in {{'mine': network}}.")
    return name


def _check_entry(name: str, entry: Any) -> Any:
    if _is_method(entry):
        for each in entry:
            _check_model(each, f" in {name!r}")
    else:
        _check_model(entry, f" in {name!r}")
    return entry


def _check_model(model: object, where: str) -> None:
    if isinstance(model, type):
        raise ModelError(f"Expected {_EXPECTED}, got the class {model.__name__}{where}: create it, {model.__name__}().")
    if hasattr(model, "subjects") and not _is_model(model):
        raise ModelError(
            f"Expected {_EXPECTED}, got the data set {type(model).__name__}: write evaluate(models, data), the models "
            "first."
        )
    if not _is_model(model):
        raise ModelError(f"Expected {_EXPECTED}, got {type(model).__name__}{where}: give the network itself.")


def _device_of(model: nn.Module) -> torch.device | None:
    """The device of all parameters and buffers; None without any, or where they are on several."""
    devices = {tensor.device for tensor in (*model.parameters(), *model.buffers())}
    return next(iter(devices)) if len(devices) == 1 else None
