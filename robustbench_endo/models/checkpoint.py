"""A checkpoint folder: model.safetensors (the weights) and model.json (from which the model is rebuilt).

Small checkpoints ship with the package.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor, nn

from robustbench_endo.errors import ModelError
from robustbench_endo.io_utils import replace_atomically, write_atomically
from robustbench_endo.models.labels import LabelSpace, LabelSpaces, count_attribute, label_spaces, labels_of_model
from robustbench_endo.tasks.registry import TASKS

WEIGHTS, CARD = "model.safetensors", "model.json"

SHIPPED_FOLDER = Path(__file__).parents[1] / "checkpoints"

SHIPPED = ("tiny-resnet/dselect_k", "tiny-resnet/mmoe", "tiny-endoarss/tesla")
"""Models with weights in the package, in the order of the columns of Table VII in the paper."""


@dataclass(frozen=True)
class ModelCard:
    """The content of model.json.

    Attributes:
        spec: what ``load_model`` builds before it loads the weights.
        labels: of every task.
        input_size: height and width that the model resizes to; None = any.
        training: how the weights were trained, free form.
    """

    spec: str
    labels: LabelSpaces = field(default_factory=label_spaces)
    input_size: tuple[int, int] | None = None
    training: dict[str, Any] = field(default_factory=dict)

    @property
    def seed(self) -> int | None:
        """The seed of the training; None where it is not recorded."""
        seed = self.training.get("settings", {}).get("seed")
        return None if seed is None else int(seed)

    def to_json(self) -> dict[str, Any]:
        """The fields of model.json, with the labels of each task under its label attribute."""
        tasks = TASKS[::-1]
        counts = {count_attribute(task): self.labels[task.name].count for task in tasks}
        names = {task.label_attribute: self.labels[task.name].names for task in tasks}
        return {"spec": self.spec, **counts, **names, "input_size": self.input_size, "training": self.training}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> ModelCard:
        """The card of the fields of model.json.

        Raises:
            TypeError: a field is missing or unknown.
        """
        fields = dict(content)
        # A task with names but without a count is one that the data label and the model does not predict.
        labels = {
            task.name: LabelSpace(
                fields.pop(count_attribute(task), None), tuple(fields.pop(task.label_attribute, None) or ())
            )
            for task in TASKS
        }
        size = fields.pop("input_size", None)
        return cls(**fields, labels=labels, input_size=(size[0], size[1]) if size else None)


def card_of(model: nn.Module, training: dict[str, Any]) -> ModelCard:
    """The card of a model that ``load_model`` returned or that has the same attributes."""
    size = getattr(model, "input_size", None)
    return ModelCard(
        spec=str(getattr(model, "spec", "")),
        labels=labels_of_model(model),
        input_size=(size[0], size[1]) if size else None,
        training=training,
    )


def save_checkpoint(folder: Path, weights: dict[str, Tensor], card: ModelCard, half: bool = False) -> Path:
    """Write both files, each atomically.

    Args:
        folder: created where it is missing.
        weights: state dict of the model.
        card: see :func:`card_of`.
        half: store matrices and kernels as float16 (vectors stay float32: running variances do not fit).

    Returns:
        ``folder``.

    Raises:
        RunError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stored = {name: _convert(tensor, half) for name, tensor in weights.items()}
    with replace_atomically(folder / WEIGHTS) as temporary:
        save_file(stored, temporary)
    write_atomically(folder / CARD, (json.dumps(card.to_json(), indent=2) + "\n").encode())
    return folder


def is_checkpoint(path: Path) -> bool:
    """Whether the path is a folder, which should contain a checkpoint."""
    return path.is_dir()


def read_card(folder: Path) -> ModelCard:
    """The checked content of model.json.

    Raises:
        ModelError: a file is missing, is no JSON, or has a missing or unknown field.

    >>> read_card(folder_of("tiny-resnet/mmoe")).labels["activity"].names
    ('exposing', 'grasping', 'cutting')
    """
    for name in (CARD, WEIGHTS):
        if not (folder / name).is_file():
            raise ModelError(
                f"Expected a checkpoint folder with {WEIGHTS} and {CARD}, got no {name} in {folder}: "
                "give the folder that `robust-endo train --out` wrote."
            )
    try:
        return ModelCard.from_json(json.loads((folder / CARD).read_text(encoding="utf-8")))
    except (TypeError, ValueError, LookupError) as error:
        raise ModelError(
            f"Expected {folder / CARD} to be JSON with the fields of a checkpoint, got: {error}. Train again or "
            "restore the file."
        ) from error


def _convert(tensor: Tensor, half: bool) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    return tensor.half() if half and tensor.is_floating_point() and tensor.ndim > 1 else tensor


def folder_of(spec: str, root: Path = SHIPPED_FOLDER) -> Path:
    """The checkpoint folder of a shipped model below ``root``."""
    return root / spec.replace("/", "_")


def shipped_checkpoint(spec: str) -> Path:
    """The checkpoint folder that ``weights="pretrained"`` means.

    Raises:
        ModelError: no weights of this model are shipped.
    """
    if spec not in SHIPPED:
        raise ModelError(
            f"Expected weights='pretrained' only for {', '.join(SHIPPED)}, got {spec!r}: train it first and give "
            "its checkpoint folder."
        )
    return folder_of(spec)
