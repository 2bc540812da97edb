"""A user's network as a model: frames prepared as it expects them, outputs as logits by task."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.errors import ModelError, RobustEndoError, unknown_name
from robustbench_endo.models.external.class_mapping import ClassMapping
from robustbench_endo.models.external.io_spec import IOSpec
from robustbench_endo.models.labels import task_of_rank
from robustbench_endo.tasks.base import CONFIDENCE
from robustbench_endo.tasks.registry import TASKS

LOGITS_KEYS = ("out", "logits")
"""Keys or attributes under which torchvision and transformers return logits."""


def to_logits_dict(output: Any, spec: str) -> dict[str, Tensor]:
    """Logits by task from the output of a network.

    Raises:
        ModelError: nothing in it can be read as logits.
    """
    if isinstance(output, (tuple, list)) and len(output) == 1 and isinstance(output[0], (Tensor, Mapping)):
        output = output[0]  # exporters return tuples of one
    if isinstance(output, Tensor) and (task := task_of_rank(output.ndim)):
        return {task.name: output}
    if isinstance(output, Mapping):
        logits = {task.name: output[task.name] for task in reversed(TASKS) if task.name in output}
        if logits and all(isinstance(tensor, Tensor) for tensor in logits.values()):
            return logits
    else:
        logits = {}
    if not logits and (tensor := _unnamed_logits(output)) is not None:
        return to_logits_dict(tensor, spec)
    raise ModelError(
        f"Expected the model {spec!r} to return a dict with logits under {_TASK_SHAPES}, or a tensor (B, C, h, w), got "
        f"{describe(output)}: return one of these, or name the outputs in an io_spec."
    )


CONFIDENCE_KEYS = (CONFIDENCE, *(f"{CONFIDENCE}/{task.name}" for task in TASKS))
"""Keys under which a model may return a confidence per frame: for all its tasks, or for one."""


def confidence_outputs(output: Any) -> dict[str, Any]:
    """The entries of a returned dict that are confidences, see :func:`.user_confidence`.

    Raises:
        UnknownNameError: one is for a task that does not exist.
    """
    entries = output if isinstance(output, Mapping) else {}
    for key in entries:
        if isinstance(key, str) and key.startswith(f"{CONFIDENCE}/") and key not in CONFIDENCE_KEYS:
            raise unknown_name("confidence of a model", key, CONFIDENCE_KEYS)
    return {key: entries[key] for key in CONFIDENCE_KEYS if entries.get(key) is not None}


def _unnamed_logits(output: Any) -> Tensor | None:
    """The logits in an output of torchvision or transformers, which do not name the task."""
    if isinstance(output, Tensor):
        return None
    named = isinstance(output, Mapping)
    tensors = [output.get(key) if named else getattr(output, key, None) for key in LOGITS_KEYS]
    return next((each for each in tensors if isinstance(each, Tensor) and task_of_rank(each.ndim)), None)


_TASK_SHAPES = " or ".join(f"{task.name!r} ({', '.join(task.logits_shape)})" for task in reversed(TASKS))


def select_outputs(output: Any, keys: Mapping[str, str | int], spec: str) -> dict[str, Tensor]:
    """The entries of a returned dict or tuple that an adapter names.

    Raises:
        ModelError: the output has no such entry, or it is no tensor.
    """
    return {task: _entry(output, key, spec) for task, key in keys.items()}


def describe(output: Any) -> str:
    """Type and content of an output, for error messages."""
    if isinstance(output, Tensor):
        return f"a tensor of shape {tuple(output.shape)}"
    if isinstance(output, Mapping):
        return f"a dict with {', '.join(map(repr, output)) or 'no entries'}"
    if isinstance(output, (tuple, list)) and output:
        return f"{type(output).__name__} of {len(output)}"
    return type(output).__name__


def _entry(output: Any, key: str | int, spec: str) -> Tensor:
    # A single tensor is the entry 0: exporters unpack tuples of one.
    entries = output if isinstance(output, (Mapping, tuple, list)) else [output]
    if isinstance(entries, Mapping) and isinstance(key, int):
        entries = list(entries.values())
    try:
        entry = entries[key]  # type: ignore[index]  # a wrong kind of key is the error below
    except (LookupError, TypeError):
        entry = None
    if not isinstance(entry, Tensor):
        raise ModelError(
            f"Expected an output {key!r} of the model {spec!r}, as in its adapter, got {describe(output)}: "
            "correct [output] in the io_spec."
        )
    return entry


def preprocess(images: Tensor, io_spec: IOSpec, size: tuple[int, int] | None) -> Tensor:
    """Images resized and in the channel order, range and normalisation that a model expects.

    Args:
        images: float (B, 3, H, W) in [0, 1], RGB; never changed.
        io_spec: the model's declaration.
        size: height and width; None = those of the images, rounded up to ``multiple_of``.
    """
    images = _resize(images, size or _multiple(images, io_spec.multiple_of))
    if io_spec.channel_order == "BGR":
        images = images.flip(1)
    low, high = io_spec.value_range
    if (low, high) != (0.0, 1.0):
        images = images * (high - low) + low
    if io_spec.mean is not None:
        images = images - _channels(io_spec.mean, images)
    return images if io_spec.std is None else images / _channels(io_spec.std, images)


def _resize(images: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(images.shape[2:]) == size:
        return images
    return F.interpolate(images, size, mode="bilinear", antialias=True)


def _multiple(images: Tensor, number: int) -> tuple[int, int]:
    height, width = images.shape[2:]
    return -(-height // number) * number, -(-width // number) * number


def _channels(values: tuple[float, ...], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=like.dtype, device=like.device).view(3, 1, 1)


FAILURES = (
    TypeError, ValueError, RuntimeError, OSError, ImportError, AttributeError, LookupError, AssertionError
)  # fmt: skip
"""Exceptions of a user's code that are reported as its failure; an interruption is none of these."""


class ExternalModel(nn.Module):
    """Wrap a callable on float images (B, 3, H, W) in [0, 1].

    Accepted outputs: a dict of logits by task, also with confidences (:data:`CONFIDENCE_KEYS`); a tensor (B, C, h, w)
    or (B, K); torchvision's ``{"out": ...}`` and transformers' ``logits``, as a key or an attribute; anything else by
    the ``output`` of its :class:`.IOSpec`.

    Args:
        inner: an ``nn.Module`` or any other callable.
        spec: its name in the results.
        io_spec: how frames are prepared and outputs read; by default the network normalises.
        mappings: task -> translation of its labels to those of the data set.
        digest: SHA-256 of what determines the outputs besides the weights (a file, an adapter); a buffer, so that a
            run does not resume after it changed.
    """

    identity: Tensor
    source_files: tuple[Path, ...] = ()
    trust_model_file: bool = False

    def __init__(
        self,
        inner: Callable[[Tensor], Any],
        spec: str,
        io_spec: IOSpec | None = None,
        mappings: Mapping[str, ClassMapping] | None = None,
        digest: str | None = None,
    ) -> None:
        super().__init__()
        self.inner = inner
        self.spec = spec
        self.io_spec = io_spec or IOSpec()
        self.mappings = dict(mappings or {})
        size = self.io_spec.input_size or getattr(inner, "input_size", None)
        self.input_size: tuple[int, int] | None = (int(size[0]), int(size[1])) if size else None
        if digest is not None:
            self.register_buffer("identity", torch.frombuffer(bytearray.fromhex(digest), dtype=torch.uint8).clone())

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Logits of the dataset's classes by task, and confidences by :data:`CONFIDENCE_KEYS`."""
        output = self.inner(preprocess(images, self.io_spec, self.input_size))
        keys = self.io_spec.output
        entries = select_outputs(output, keys, self.spec) if keys else to_logits_dict(output, self.spec)
        confidences = confidence_outputs(entries) or confidence_outputs(output)
        logits = {task: tensor for task, tensor in entries.items() if task not in CONFIDENCE_KEYS}
        return {task: self._translate(task, tensor) for task, tensor in logits.items()} | confidences

    def _translate(self, task: str, logits: Tensor) -> Tensor:
        if self.io_spec.scores == "probabilities":
            logits = log_probabilities(logits)
        mapping = self.mappings.get(task)
        if mapping is None:
            return logits
        # One channel is the foreground of two classes: softmax of (0, z) is the sigmoid of z.
        return mapping(torch.cat([torch.zeros_like(logits), logits], 1) if logits.shape[1] == 1 else logits)


def log_probabilities(scores: Tensor) -> Tensor:
    """Probabilities (B, C, ...) as logits: log p, for a single channel its log-odds."""
    tiny = torch.finfo(scores.dtype).tiny
    if scores.shape[1] == 1:
        return scores.clamp_min(tiny).log() - (1 - scores).clamp_min(torch.finfo(scores.dtype).eps).log()
    return scores.clamp_min(tiny).log()


def call_factory(factory: Callable[..., Any], spec: str, **arguments: Any) -> Callable[..., Any]:
    """The model that a factory returns; it gets those ``arguments`` that its signature accepts.

    Raises:
        ModelError: the factory fails, or returns something that cannot be called on images.
    """
    accepted = inspect.signature(factory).parameters
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in accepted.values()):
        arguments = {name: value for name, value in arguments.items() if name in accepted}
    try:
        model = factory(**arguments)
    except RobustEndoError:
        raise
    except FAILURES as error:
        raise ModelError(
            f"Cannot build a model with the factory {spec!r} and {arguments}: {type(error).__name__}: {error}. Run it "
            "by itself to debug it."
        ) from error
    if not callable(model):
        raise ModelError(
            f"Expected the factory {spec!r} to return a torch.nn.Module or another callable, got "
            f"{type(model).__name__}: return the model."
        )
    return model  # type: ignore[no-any-return]
