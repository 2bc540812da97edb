"""One training of the paper: a network, how its tasks' gradients are combined, the data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Task = Literal["both", "classification", "segmentation"]

BACKBONES = {"ResNet101": "resnet101", "DINOv2": "dinov2", "EndoARSS": "endoarss"}
ARCHITECTURES = {
    "MMoE": "mmoe@gate=flat",  # the paper's gates see the flattened input
    "DSelect_k": "dselect_k@gate=flat",
    "TESLA": "tesla",
    "single-task": "single-task",
}
WEIGHTINGS = {"MoCo": "moco", "Aligned-MTL": "aligned_mtl", "STCH": "stch", "DB-MTL": "db_mtl"}
LORA_RANK = 4


@dataclass(frozen=True)
class Cell:
    """What is trained once, whatever tables show it.

    Attributes:
        data: the data set that it is trained on: `mtlesd` or `mtlendovis`.
        model: the network's spec.
        weighting: the multi-task method, see :mod:`robustbench_endo.training.weighting`.
        task: `both`, or the one task of a single-task network.
        label: what readers see, in the paper's words.
    """

    data: str
    model: str
    weighting: str
    task: Task
    label: str

    @property
    def folder(self) -> str:
        """Its place below the folder of all cells: ``mtlesd/resnet101_mmoe_gate-flat_moco``."""
        parts = [self.model, self.weighting] if self.task == "both" else [self.model, self.task]
        return f"{self.data}/{re.sub('[^a-z0-9-]+', '_', '_'.join(parts).replace('=', '-'))}"


def cell(data: str, backbone: str, architecture: str, method: str, rank: int = LORA_RANK) -> Cell:
    """The training that a row of the paper names.

    Args:
        data: `MTLESD` or `MTLEndovis`.
        backbone, architecture, method: as the tables print them; a single-task network has its task as ``method``.
        rank: of LoRA, where the table varies it.
    """
    model = f"{BACKBONES[backbone]}/{ARCHITECTURES[architecture]}"
    label = f"{backbone}/{architecture}/{method}"
    if rank != LORA_RANK:  # the default stays unsaid, so that the tables share that cell
        model, label = f"{model}@rank={rank}", f"{label}, rank {rank}"
    task: Task = "both"
    if architecture == "single-task":
        task = "classification" if method == "classification" else "segmentation"
    return Cell(data.lower(), model, WEIGHTINGS.get(method, "equal"), task, label)
