"""The small checkpoints that ship with the package."""

from __future__ import annotations

from pathlib import Path

from robustbench_endo.errors import ModelError

FOLDER = Path(__file__).parents[1] / "checkpoints"

SHIPPED = ("tiny-resnet/dselect_k", "tiny-resnet/mmoe", "tiny-endoarss/tesla")
"""They stand where the columns of the paper's Table VII stand."""


def folder_of(spec: str, root: Path = FOLDER) -> Path:
    """Where the checkpoint of an embedded model lies below ``root``."""
    return root / spec.replace("/", "_")


def embedded_checkpoint(spec: str) -> Path:
    """The checkpoint folder that ``weights="pretrained"`` means.

    Raises:
        ModelError: this model has no embedded weights.
    """
    if spec not in SHIPPED:
        raise ModelError(
            f"Expected weights='pretrained' only for {', '.join(SHIPPED)}, got {spec!r}: train it first and give "
            "its checkpoint folder."
        )
    return folder_of(spec)
