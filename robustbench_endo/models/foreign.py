"""A user's own network in the Model contract, whatever it expects and whatever it returns."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from robustbench_endo.errors import ModelError, RobustEndoError
from robustbench_endo.models.users.adapter import Adapter
from robustbench_endo.models.users.class_mapping import ClassMapping
from robustbench_endo.models.users.outputs import as_contract, picked
from robustbench_endo.models.users.preparation import prepared

FAILURES = (
    TypeError, ValueError, RuntimeError, OSError, ImportError, AttributeError, LookupError, AssertionError
)  # fmt: skip
"""What a user's code raises when it fails; an interruption is none of these."""


class ForeignModel(nn.Module):
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
            f"Expected the factory {spec!r} to make a model, found that it fails with {arguments} "
            f"({type(error).__name__}: {error}): run it by itself."
        ) from error
    if not callable(made):
        raise ModelError(
            f"Expected the factory {spec!r} to return a torch.nn.Module or another callable, found "
            f"{type(made).__name__}: return the model."
        )
    return made  # type: ignore[no-any-return]
