"""A checkpoint folder: model.safetensors (the weights) and model.json (what rebuilds the model around them)."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor, nn

from robustbench_endo.errors import ModelError


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block ends well, and vanishes when it does not."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)  # safetensors writes private files; a checkpoint is read by others, too
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


WEIGHTS, CARD = "model.safetensors", "model.json"


@dataclass(frozen=True)
class ModelCard:
    """model.json.

    Attributes:
        spec: what ``load_model`` builds before it loads the weights.
        num_classes: mask labels, or None without a segmentation head.
        num_activities: activities, or None without an activity head.
        classes: names of the mask labels (may be empty).
        activities: names of the activities (may be empty).
        input_size: height and width that the model resizes to; None = any.
        training: how the weights came about, free form.
    """

    spec: str
    num_classes: int | None
    num_activities: int | None
    classes: tuple[str, ...] = ()
    activities: tuple[str, ...] = ()
    input_size: tuple[int, int] | None = None
    training: dict[str, Any] = field(default_factory=dict)


def card_of(model: nn.Module, training: dict[str, Any]) -> ModelCard:
    """The card of a model that ``load_model`` made or that carries the same attributes."""
    size = getattr(model, "input_size", None)
    return ModelCard(
        spec=str(getattr(model, "spec", "")),
        num_classes=getattr(model, "num_classes", None) or None,
        num_activities=getattr(model, "num_activities", None) or None,
        classes=tuple(getattr(model, "classes", None) or ()),
        activities=tuple(getattr(model, "activities", None) or ()),
        input_size=(size[0], size[1]) if size else None,
        training=training,
    )


def save_checkpoint(folder: Path, weights: dict[str, Tensor], card: ModelCard, half: bool = False) -> Path:
    """Writes both files, each whole or not at all.

    Args:
        half: store matrices and kernels as float16 (vectors stay float32: running variances do not fit).
    """
    folder.mkdir(parents=True, exist_ok=True)
    stored = {name: _stored(tensor, half) for name, tensor in weights.items()}
    with replaced(folder / WEIGHTS) as temporary:
        save_file(stored, temporary)
    with replaced(folder / CARD) as temporary:
        temporary.write_text(json.dumps(asdict(card), indent=2) + "\n", encoding="utf-8")
    return folder


def is_checkpoint(path: Path) -> bool:
    """Whether the path is a folder that holds, or should hold, a checkpoint."""
    return path.is_dir()


def read_card(folder: Path) -> ModelCard:
    """The checked content of model.json.

    Raises:
        ModelError: a file is missing, is no JSON or lacks a field.
    """
    for name in (CARD, WEIGHTS):
        if not (folder / name).is_file():
            raise ModelError(
                f"Expected a checkpoint folder with {WEIGHTS} and {CARD}, got no {name} in {folder}: "
                "give the folder that `robust-endo train --out` wrote."
            )
    try:
        fields = json.loads((folder / CARD).read_text(encoding="utf-8"))
        card = ModelCard(**fields)
        size = tuple(card.input_size) if card.input_size else None
        return ModelCard(
            **{**fields, "classes": tuple(card.classes), "activities": tuple(card.activities), "input_size": size}
        )
    except (TypeError, ValueError, UnicodeDecodeError) as error:
        raise ModelError(
            f"Expected {folder / CARD} to be JSON with the fields of a checkpoint, got: {error}. Train again or "
            "restore the file."
        ) from error


def _stored(tensor: Tensor, half: bool) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    return tensor.half() if half and tensor.is_floating_point() and tensor.ndim > 1 else tensor
