"""The README of a checkpoint folder: a model card for people, written from ``model.json`` alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robustbench_endo.io_utils import write_atomically
from robustbench_endo.models.checkpoint import CARD, WEIGHTS, ModelCard, read_card

README = "README.md"

LICENCE = "Apache-2.0"
"""Of the shipped checkpoints."""

SYNTHETIC = (
    "It was trained on synthetic scenes, which only roughly resemble surgery: it serves to try and test this package, "
    "not to predict anything about real frames, and it is no medical device."
)


def readme_of(card: ModelCard, source: str | None = None) -> str:
    """The text of the README, in Markdown; every number is one of ``card``.

    Args:
        card: of the checkpoint.
        source: the spec that loads it, for one that is not shipped; its licence is for its author to state.

    >>> from robustbench_endo.models.labels import label_spaces
    >>> card = ModelCard("tiny-resnet/hps", label_spaces(num_classes=2), (32, 40), {"settings": {"seed": 3}})
    >>> print(readme_of(card).splitlines()[0])
    # tiny-resnet/hps
    """
    training = card.training
    call = f'load_model("{card.spec}", weights="pretrained")' if source is None else f'load_model("{source}")'
    rows = _rows(card, training)
    if source is None:
        rows.insert(1, ("licence of the weights", LICENCE))
    lines = [
        f"# {card.spec}",
        "",
        f"Model card, generated from `{CARD}` next to it; load it with `robustbench_endo.{call}`.",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {text} |" for name, text in rows),
        "",
        "## Limits",
        "",
        *([SYNTHETIC] if training.get("data") == "synthetic" else []),
        "The scores are those of the scenes that selected the epoch, so they are optimistic.",
        "",
    ]
    return "\n".join(lines)


def write_readme(folder: Path) -> None:
    """Write the README of a checkpoint folder.

    Raises:
        ModelError: the folder has no checkpoint.
        RunError: it cannot be written.
    """
    write_atomically(folder / README, readme_of(read_card(folder)).encode())


def _rows(card: ModelCard, training: Mapping[str, Any]) -> list[tuple[str, str]]:
    size = "any" if card.input_size is None else f"{card.input_size[0]} x {card.input_size[1]} (height x width)"
    labels = [(task, ", ".join(space.names) or str(space.count)) for task, space in card.labels.items() if space.count]
    rows = [("weights", f"`{WEIGHTS}`"), ("input size", size), *labels]
    rows += [("training data", f"{training.get('data')}, {training.get('frames')} frames"), ("seed", str(card.seed))]
    rows.append(("corruptions in training", ", ".join(training.get("trained_on") or ()) or "none"))
    rows += [("epoch, counted from 0", str(training.get("epoch"))), ("torch", str(training.get("torch")))]
    scores = {name: training[name] for name in ("miou", "accuracy") if name in training}
    head = training.get("activity_head", {})
    if "accuracy" in head:
        scores["accuracy"] = head["accuracy"]  # of the head that replaced the first one
    return rows + [(f"{name} on validation scenes", f"{100 * value:.2f} %") for name, value in scores.items()]
