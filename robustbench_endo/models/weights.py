"""Weights into a model: every mismatch is found before anything is copied, and nothing is ever unpickled blindly."""

from __future__ import annotations

import hashlib
import pickle
import warnings
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from robustbench_endo.errors import ModelError

DAMAGED = (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, LookupError, TypeError, AttributeError)
"""What ``torch.load(weights_only=True)`` raises on a file that is damaged or holds more than tensors."""


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a `.safetensors` file, or of a `.pt`/`.pth` state dict (read with ``weights_only=True``).

    Raises:
        ModelError: no such file, not readable, a pickle that holds more than tensors, or a number that is not finite.
    """
    if not path.is_file():
        raise ModelError(f"Expected a weight file, found no {path}: check the path.")
    tensors = _safetensors(path) if path.suffix == ".safetensors" else _state_dict(path)
    broken = [name for name, tensor in tensors.items() if not tensor.isfinite().all()]
    if broken:
        raise ModelError(
            f"Expected finite weights, found NaN or infinity in {_named(broken)} of {path}: the training diverged; "
            "use an earlier checkpoint."
        )
    return tensors


def load_weights(model: nn.Module, tensors: dict[str, Tensor], source: str) -> None:
    """Copies ``tensors`` into ``model``, names and shapes equal.

    Raises:
        ModelError: missing, surplus or differently shaped tensors; says which and how many.
    """
    problems = _mismatches(model.state_dict(), tensors)
    if problems:
        raise ModelError(
            f"Expected the weights of {getattr(model, 'spec', type(model).__name__)!r}, found in {source} "
            f"{'; '.join(problems)}: use the spec and the class counts that the weights were trained with."
        )
    model.load_state_dict(tensors)


def load_matching(model: nn.Module, tensors: dict[str, Tensor]) -> list[str]:
    """Copies the tensors whose name and shape match, for training on; returns the names that stay new.

    Raises:
        ModelError: nothing matches.
    """
    own = model.state_dict()
    matching = {name: t for name, t in tensors.items() if name in own and own[name].shape == t.shape}
    if not matching:
        raise ModelError("Expected initial weights of the same kind of model, found no tensor in common: change them.")
    model.load_state_dict(matching, strict=False)
    return [name for name in own if name not in matching]


def weights_digest(model: nn.Module) -> str:
    """SHA-256 over names, types, shapes and bytes of a model's state, for a model that came from no file."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return dict(load_file(path))
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"Expected a safetensors file, found {path} unreadable ({error}): restore it.") from error


def _state_dict(path: Path) -> dict[str, Tensor]:
    try:
        with warnings.catch_warnings():  # torch remarks on pickle protocols before it refuses them
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except DAMAGED as error:
        raise ModelError(
            f"Expected a state dict of tensors only, found in {path} something that would have to be unpickled or is "
            "damaged; it was not loaded: save the weights with safetensors or torch.save(model.state_dict())."
        ) from error
    if not (isinstance(content, dict) and content and all(isinstance(v, Tensor) for v in content.values())):
        raise ModelError(
            f"Expected a dict of name -> tensor in {path}, found {type(content).__name__} of something else: "
            "save torch.save(model.state_dict())."
        )
    return dict(content)


def _mismatches(own: dict[str, Tensor], given: dict[str, Tensor]) -> list[str]:
    shapes = [
        f"{name} {tuple(given[name].shape)} for {tuple(own[name].shape)}"
        for name in own
        if name in given and given[name].shape != own[name].shape
    ]
    missing = [name for name in own if name not in given]
    surplus = [name for name in given if name not in own]
    groups = (("of another shape", shapes), ("missing", missing), ("unknown", surplus))
    return [f"{len(names)} of {len(own)} tensors {kind} ({_named(names)})" for kind, names in groups if names]


def _named(names: list[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
