"""Starting from another checkpoint, also one with other labels."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from robustbench_endo.models.checkpoint import WEIGHTS
from robustbench_endo.models.embedded import embedded_checkpoint
from robustbench_endo.models.network import Network
from robustbench_endo.models.weights import load_matching, read_weights
from robustbench_endo.models.zoo import has_pretrained_trunk


def initialise(model: nn.Module, initial: str | Path) -> list[str]:
    """Copies what matches in name and shape.

    Args:
        initial: a checkpoint folder, a weight file, or `"pretrained"`: the embedded checkpoint of the model's spec, or
            timm's weights of its backbone.

    Returns:
        The layers that stay as initialised, usually the classifiers of other label sets.

    Raises:
        ModelError: no such file, or nothing in common.
    """
    spec = str(getattr(model, "spec", ""))
    if initial == "pretrained" and isinstance(model, Network) and has_pretrained_trunk(spec):
        fresh = model.adopt_trunk("pretrained")
    else:
        place = embedded_checkpoint(spec) if initial == "pretrained" else Path(initial)
        fresh = load_matching(model, read_weights(place / WEIGHTS if place.is_dir() else place))
    return sorted({name.rpartition(".")[0] for name in fresh})
