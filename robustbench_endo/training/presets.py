"""The paper's hyper-parameters by name of its data set (arXiv 2506.06830, section "Implementation Details")."""

from __future__ import annotations

from dataclasses import replace

from robustbench_endo.plugins import unknown
from robustbench_endo.training.settings import Settings

_PAPER = Settings(
    epochs=200,
    batch_size=16,
    augment="none",
    schedule="constant",
    weighting="db_mtl",
    activity_weight=1.0,
    class_weights="none",
    clip=0.0,
)

PRESETS: dict[str, Settings] = {
    "mtlesd": replace(_PAPER, learning_rate=1e-4),
    "mtlendovis": replace(_PAPER, learning_rate=1e-3),
}
"""Adam, 200 epochs of batches of 16, cross-entropy for both tasks, a learning rate per data set, DB-MTL (as the paper's
own rows)."""


def preset(name: str) -> Settings:
    """The settings of a preset.

    Raises:
        UnknownNameError: no preset is called that.
    """
    if name not in PRESETS:
        raise unknown("preset", name, PRESETS)
    return PRESETS[name]
