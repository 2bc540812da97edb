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

WRAPPERS = ("state_dict", "model_state_dict", "model", "teacher")
"""Keys under which training scripts put a state dict, in the order in which they are looked for."""

DAMAGED = (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, LookupError, TypeError, AttributeError)
"""What ``torch.load(weights_only=True)`` raises on a file that is damaged or holds more than tensors."""


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a `.safetensors` file, or of a `.pt`/`.pth` state dict (read with ``weights_only=True``).

    A state dict may lie one level down (``{"model": {...}, "epoch": 3}``) and behind `module.`, as DataParallel saves.

    Raises:
        ModelError: no such file, not readable, a pickle that holds more than tensors, or a number that is not finite.
    """
    if not path.is_file():
        raise ModelError(f"Expected a weight file, got no {path}: check the path.")
    tensors = _safetensors(path) if path.suffix == ".safetensors" else _state_dict(path)
    broken = [name for name, tensor in tensors.items() if not tensor.isfinite().all()]
    if broken:
        raise ModelError(
            f"Expected finite weights, got NaN or infinity in {_named(broken)} of {path}: the training diverged; "
            "use an earlier checkpoint."
        )
    return tensors


def load_weights(model: nn.Module, tensors: dict[str, Tensor], source: str) -> None:
    """Copies ``tensors`` into ``model``, names and shapes equal.

    Raises:
        ModelError: missing, surplus or differently shaped tensors; says which and how many.
    """
    own = model.state_dict()
    problems = _mismatches(own, tensors)
    if problems:
        raise ModelError(
            f"Expected the weights of {getattr(model, 'spec', type(model).__name__)!r}, got in {source} "
            f"{'; '.join(problems)}: {_advice(own, tensors)}."
        )
    model.load_state_dict(tensors)


def load_matching(model: nn.Module, tensors: dict[str, Tensor]) -> list[str]:
    """Copies the tensors whose name and shape match, for training on; returns the names that stay new.

    Tensors that are a checkpoint of a zoo model's backbone alone (timm, DINOv2, SurgeNet) go into its encoders.

    Raises:
        ModelError: nothing matches.
    """
    own = model.state_dict()
    matching = {name: t for name, t in tensors.items() if name in own and own[name].shape == t.shape}
    if not matching and hasattr(model, "adopt_trunk"):
        fresh: list[str] = model.adopt_trunk(tensors)  # type: ignore[operator]  # a method of Network
        return fresh
    if not matching:
        raise ModelError("Expected initial weights of the same kind of model, got no tensor in common: change them.")
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
        raise ModelError(f"Expected a safetensors file, got {path} unreadable ({error}): restore it.") from error


def _state_dict(path: Path) -> dict[str, Tensor]:
    try:
        with warnings.catch_warnings():  # torch remarks on pickle protocols before it refuses them
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except DAMAGED as error:
        raise ModelError(
            f"Expected a state dict of tensors only, got in {path} something that would have to be unpickled or is "
            "damaged; it was not loaded: save the weights with safetensors or torch.save(model.state_dict())."
        ) from error
    content = _unwrapped(content)
    if not (isinstance(content, dict) and content and all(isinstance(v, Tensor) for v in content.values())):
        raise ModelError(
            f"Expected a dict of name -> tensor in {path}, got {type(content).__name__} of something else: "
            "save torch.save(model.state_dict())."
        )
    return dict(content)


def _unwrapped(content: object) -> object:
    if isinstance(content, dict):
        content = next((content[key] for key in WRAPPERS if isinstance(content.get(key), dict)), content)
    if isinstance(content, dict) and content and all(str(key).startswith("module.") for key in content):
        return {str(key).removeprefix("module."): value for key, value in content.items()}
    return content


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


def _advice(own: dict[str, Tensor], given: dict[str, Tensor]) -> str:
    if own.keys() & given.keys():
        return "use the spec and the class counts that the weights were trained with"
    return "no name is the same; if it is a backbone alone, start a training from it with `--init-weights`"


def _named(names: list[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
