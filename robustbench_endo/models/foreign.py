"""A user's own network in the Model contract, whatever it returns."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.errors import ModelError

TASKS = ("segmentation", "activity")


class ForeignModel(nn.Module):
    """Wraps a callable on float images (B, 3, H, W) in [0, 1]; normalising is the wrapped network's own business.

    Understood outputs: the contract's dict; a tensor (B, C, h, w) or (B, K); torchvision's ``{"out": ...}``.

    Args:
        inner: an ``nn.Module`` or any other callable.
        spec: what it is called in the results.
    """

    def __init__(self, inner: Callable[[Tensor], Any], spec: str) -> None:
        super().__init__()
        self.inner = inner
        self.spec = spec
        size = getattr(inner, "input_size", None)
        self.input_size: tuple[int, int] | None = (int(size[0]), int(size[1])) if size else None

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Logits by task; images are resized first where the wrapped network names an ``input_size``."""
        if self.input_size and images.shape[2:] != self.input_size:
            images = F.interpolate(images, self.input_size, mode="bilinear", antialias=True)
        return as_contract(self.inner(images), self.spec)


def as_contract(output: Any, spec: str) -> dict[str, Tensor]:
    """The contract's dict from what a network returned.

    Raises:
        ModelError: nothing in it can be read as logits.
    """
    if isinstance(output, Tensor) and output.ndim in (2, 4):
        return {"segmentation" if output.ndim == 4 else "activity": output}
    if isinstance(output, dict):
        logits = {task: output[task] for task in TASKS if task in output}
        if not logits and "out" in output:
            logits = {"segmentation": output["out"]}
        if logits and all(isinstance(tensor, Tensor) for tensor in logits.values()):
            return logits
    raise ModelError(
        f"Expected the model {spec!r} to return a dict with logits under 'segmentation' (B,C,h,w) or 'activity' (B,K), "
        f"or a tensor (B,C,h,w), found {_described(output)}: return one of these."
    )


def call_factory(factory: Callable[..., Any], spec: str, **arguments: Any) -> nn.Module:
    """The factory's model, wrapped; of ``arguments`` it gets the ones that its signature accepts.

    Raises:
        ModelError: the factory returns something that cannot be called on images.
    """
    accepted = inspect.signature(factory).parameters
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in accepted.values()):
        arguments = {name: value for name, value in arguments.items() if name in accepted}
    made = factory(**arguments)
    if not callable(made):
        raise ModelError(
            f"Expected the factory {spec!r} to return a torch.nn.Module or another callable, found "
            f"{type(made).__name__}: return the model."
        )
    return ForeignModel(made, spec)


def _described(output: Any) -> str:
    if isinstance(output, Tensor):
        return f"a tensor of shape {tuple(output.shape)}"
    if isinstance(output, dict):
        return f"a dict with {', '.join(map(repr, output)) or 'no entries'}"
    return type(output).__name__
