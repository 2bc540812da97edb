"""A user's own network in the Model contract, whatever it expects and whatever it returns."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.errors import ModelError, RobustEndoError
from robustbench_endo.models.external.class_mapping import ClassMapping
from robustbench_endo.models.external.io_spec import Adapter

TASKS = ("segmentation", "activity")

USUAL = ("out", "logits")
"""Where torchvision and transformers put segmentation logits."""


def as_contract(output: Any, spec: str) -> dict[str, Tensor]:
    """The contract's dict from what a network returned.

    Raises:
        ModelError: nothing in it can be read as logits.
    """
    if isinstance(output, (tuple, list)) and len(output) == 1 and isinstance(output[0], (Tensor, Mapping)):
        output = output[0]  # exporters return tuples of one
    if isinstance(output, Tensor) and output.ndim in (2, 4):
        return {"segmentation" if output.ndim == 4 else "activity": output}
    if isinstance(output, Mapping):
        logits = {task: output[task] for task in TASKS if task in output}
        usual = [output[key] for key in USUAL if isinstance(output.get(key), Tensor) and output[key].ndim == 4]
        if not logits and usual:
            logits = {"segmentation": usual[0]}
        if logits and all(isinstance(tensor, Tensor) for tensor in logits.values()):
            return logits
    raise ModelError(
        f"Expected the model {spec!r} to return a dict with logits under 'segmentation' (B,C,h,w) or 'activity' (B,K), "
        f"or a tensor (B,C,h,w), got {described(output)}: return one of these, or name the outputs in an adapter."
    )


def picked(output: Any, places: Mapping[str, str | int], spec: str) -> dict[str, Tensor]:
    """The entries of a returned dict or tuple that an adapter names.

    Raises:
        ModelError: the output has no such entry, or it is no tensor.
    """
    return {task: _entry(output, place, spec) for task, place in places.items()}


def described(output: Any) -> str:
    """What was returned, for an error message."""
    if isinstance(output, Tensor):
        return f"a tensor of shape {tuple(output.shape)}"
    if isinstance(output, Mapping):
        return f"a dict with {', '.join(map(repr, output)) or 'no entries'}"
    if isinstance(output, (tuple, list)) and output:
        return f"{type(output).__name__} of {len(output)}"
    return type(output).__name__


def _entry(output: Any, place: str | int, spec: str) -> Tensor:
    # A single tensor is the entry 0: exporters unpack tuples of one.
    entries = output if isinstance(output, (Mapping, tuple, list)) else [output]
    if isinstance(entries, Mapping) and isinstance(place, int):
        entries = list(entries.values())
    try:
        entry = entries[place]  # type: ignore[index]  # a wrong kind of key is the error below
    except (LookupError, TypeError):
        entry = None
    if not isinstance(entry, Tensor):
        raise ModelError(
            f"Expected an output {place!r} of the model {spec!r}, as its adapter says, got {described(output)}: "
            "correct [output] in the adapter."
        )
    return entry


def prepared(images: Tensor, adapter: Adapter, size: tuple[int, int] | None) -> Tensor:
    """Resized, then brought to the adapter's channel order, range and normalisation.

    Args:
        images: float (B, 3, H, W) in [0, 1], RGB; never changed.
        size: height and width; None = the frames' own, up to the adapter's ``multiple_of``.
    """
    images = _resized(images, size or _multiple(images, adapter.multiple_of))
    if adapter.channel_order == "BGR":
        images = images.flip(1)
    low, high = adapter.value_range
    if (low, high) != (0.0, 1.0):
        images = images * (high - low) + low
    if adapter.mean is not None:
        images = images - _channels(adapter.mean, images)
    return images if adapter.std is None else images / _channels(adapter.std, images)


def _resized(images: Tensor, size: tuple[int, int]) -> Tensor:
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
"""What a user's code raises when it fails; an interruption is none of these."""


class ExternalModel(nn.Module):
    """Wraps a callable on float images (B, 3, H, W) in [0, 1].

    Understood outputs: the contract's dict; a tensor (B, C, h, w) or (B, K); torchvision's ``{"out": ...}`` and
    transformers' ``{"logits": ...}``; anything else by the adapter's ``output``.

    Args:
        inner: an ``nn.Module`` or any other callable.
        spec: what it is called in the results.
        adapter: how frames are prepared and outputs read; by default normalising is the network's own business.
        mappings: task -> its classes as the dataset's.
        digest: SHA-256 of what the weights do not tell (a file, an adapter); kept in the state, so that a run notices
            when it changes.
    """

    identity: Tensor

    def __init__(
        self,
        inner: Callable[[Tensor], Any],
        spec: str,
        adapter: Adapter | None = None,
        mappings: Mapping[str, ClassMapping] | None = None,
        digest: str | None = None,
    ) -> None:
        super().__init__()
        self.inner = inner
        self.spec = spec
        self.adapter = adapter or Adapter()
        self.mappings = dict(mappings or {})
        size = self.adapter.input_size or getattr(inner, "input_size", None)
        self.input_size: tuple[int, int] | None = (int(size[0]), int(size[1])) if size else None
        if digest is not None:
            self.register_buffer("identity", torch.frombuffer(bytearray.fromhex(digest), dtype=torch.uint8).clone())

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Logits of the dataset's classes by task."""
        output = self.inner(prepared(images, self.adapter, self.input_size))
        places = self.adapter.output
        logits = picked(output, places, self.spec) if places else as_contract(output, self.spec)
        return {task: self._translated(task, tensor) for task, tensor in logits.items()}

    def _translated(self, task: str, logits: Tensor) -> Tensor:
        if self.adapter.scores == "probabilities":
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
    """What the factory makes; of ``arguments`` it gets the ones that its signature accepts.

    Raises:
        ModelError: the factory fails, or returns something that cannot be called on images.
    """
    accepted = inspect.signature(factory).parameters
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in accepted.values()):
        arguments = {name: value for name, value in arguments.items() if name in accepted}
    try:
        made = factory(**arguments)
    except RobustEndoError:
        raise
    except FAILURES as error:
        raise ModelError(
            f"Expected the factory {spec!r} to make a model, got that it fails with {arguments} "
            f"({type(error).__name__}: {error}): run it by itself."
        ) from error
    if not callable(made):
        raise ModelError(
            f"Expected the factory {spec!r} to return a torch.nn.Module or another callable, got "
            f"{type(made).__name__}: return the model."
        )
    return made  # type: ignore[no-any-return]
