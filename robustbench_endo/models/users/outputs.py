"""Logits by task, whatever a network returned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from robustbench_endo.errors import ModelError

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
        f"or a tensor (B,C,h,w), found {described(output)}: return one of these, or name the outputs in an adapter."
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
            f"Expected an output {place!r} of the model {spec!r}, as its adapter says, found {described(output)}: "
            "correct [output] in the adapter."
        )
    return entry
