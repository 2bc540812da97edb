"""Load weights: mismatches are reported before anything is copied, and nothing is unpickled but tensors."""

from __future__ import annotations

import pickle
import struct
import warnings
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from robustbench_endo.errors import ModelError

WRAPPERS = ("state_dict", "model_state_dict", "model", "teacher")
"""Keys under which training scripts store a state dict, the first that exists is used."""

DAMAGED = (
    *(pickle.UnpicklingError, struct.error, RuntimeError, EOFError, OSError, ValueError, LookupError, TypeError),
    AttributeError,
)
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
            f"Expected finite weights, got NaN or infinity in {_list_names(broken)} of {path}: the training diverged; "
            "use an earlier checkpoint."
        )
    return tensors


def load_weights(model: nn.Module, tensors: dict[str, Tensor], source: str) -> None:
    """Copy ``tensors``, whose names and shapes must be those of the model.

    Raises:
        ModelError: missing, surplus or differently shaped tensors; says which and how many.
    """
    state = model.state_dict()
    problems = _mismatches(state, tensors)
    if problems:
        raise ModelError(
            f"Expected the weights of {getattr(model, 'spec', type(model).__name__)!r}, got in {source} "
            f"{'; '.join(problems)}: {_advice(state, tensors)}."
        )
    model.load_state_dict(tensors)


def load_matching(model: nn.Module, tensors: dict[str, Tensor]) -> list[str]:
    """Copy the tensors whose name and shape match, to continue training from them.

    A checkpoint of only the backbone of a zoo model (timm, DINOv2, SurgeNet) goes into its encoders.

    Returns:
        The names of the tensors that stay new.

    Raises:
        ModelError: nothing matches.
    """
    state = model.state_dict()
    matching = {name: t for name, t in tensors.items() if name in state and state[name].shape == t.shape}
    if not matching and hasattr(model, "adopt_trunk"):
        fresh: list[str] = model.adopt_trunk(tensors)  # type: ignore[operator]  # a method of Network
        return fresh
    if not matching:
        raise ModelError("Expected initial weights of the same kind of model, got no tensor in common: change them.")
    model.load_state_dict(matching, strict=False)
    return [name for name in state if name not in matching]


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return dict(load_file(path))
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"Expected a safetensors file, got {path} unreadable ({error}): restore it.") from error


def _state_dict(path: Path) -> dict[str, Tensor]:
    try:
        with warnings.catch_warnings():  # torch warns about pickle protocols before it refuses them
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except DAMAGED as error:
        raise ModelError(
            f"Expected a state dict of tensors only, got in {path} something that would have to be unpickled or is "
            "damaged; it was not loaded: save the weights with safetensors or torch.save(model.state_dict())."
        ) from error
    content = _state_dict_of(content)
    if not (isinstance(content, dict) and content and all(isinstance(v, Tensor) for v in content.values())):
        raise ModelError(
            f"Expected a dict of name -> tensor in {path}, got {type(content).__name__} of something else: "
            "save torch.save(model.state_dict())."
        )
    return dict(content)


def _state_dict_of(content: object) -> object:
    if isinstance(content, dict):
        content = next((content[key] for key in WRAPPERS if isinstance(content.get(key), dict)), content)
    if isinstance(content, dict) and content and all(str(key).startswith("module.") for key in content):
        return {str(key).removeprefix("module."): value for key, value in content.items()}
    return content


def _mismatches(state: dict[str, Tensor], tensors: dict[str, Tensor]) -> list[str]:
    shapes = [
        f"{name} {tuple(tensors[name].shape)} for {tuple(state[name].shape)}"
        for name in state
        if name in tensors and tensors[name].shape != state[name].shape
    ]
    missing = [name for name in state if name not in tensors]
    surplus = [name for name in tensors if name not in state]
    groups = (("of another shape", shapes), ("missing", missing), ("unknown", surplus))
    return [f"{len(names)} of {len(state)} tensors {kind} ({_list_names(names)})" for kind, names in groups if names]


def _advice(state: dict[str, Tensor], tensors: dict[str, Tensor]) -> str:
    if state.keys() & tensors.keys():
        return "use the spec and the class counts that the weights were trained with"
    return "no name is the same; if it is only a backbone, start a training from it with `--init-weights`"


def _list_names(names: list[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
