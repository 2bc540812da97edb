"""What a user's model expects and what its outputs mean, declared in TOML instead of code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace

from robustbench_endo.models.users.class_mapping import Entries

ORDERS = ("RGB", "BGR")
SCORES = ("logits", "probabilities")
REFUSE, BACKGROUND = "refuse", "background"


@dataclass(frozen=True)
class Adapter:
    """The declaration; every default changes nothing.

    Attributes:
        input_size: height and width that frames are resized to (bilinear, anti-aliased); None = as they come.
        multiple_of: without ``input_size``, frames are resized up to sides that are multiples of this.
        value_range: what black and white are for the model, usually (0, 1) or (0, 255).
        mean, std: three numbers each, on ``value_range`` and in ``channel_order``: ``(pixel - mean) / std``.
        channel_order: ``RGB`` or ``BGR``.
        output: task -> key of a dict, or index of a tuple, that the model returns; empty = recognised by shape.
        scores: ``logits``, or ``probabilities`` (their logarithm is taken).
        classes: the dataset's class of every class of the model, a list in the model's order, or a table with the
            model's indices (or class names, where it knows them); None = they are the same.
        activities: the same for activities.
        unmapped: what becomes of a class that the table does not name: ``refuse``, ``background`` (the dataset's
            first), or the name of a class of the dataset.
    """

    input_size: tuple[int, int] | None = None
    multiple_of: int = 1
    value_range: tuple[float, float] = (0.0, 1.0)
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    channel_order: str = "RGB"
    output: Mapping[str, str | int] = field(default_factory=dict)
    scores: str = "logits"
    classes: Entries | None = None
    activities: Entries | None = None
    unmapped: str = REFUSE

    def over(self, defaults: Adapter) -> Adapter:
        """This declaration where it says something, ``defaults`` elsewhere."""
        silent = Adapter()
        said = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != getattr(silent, f.name)}
        return replace(defaults, **said)

    def digest(self) -> str:
        """SHA-256 of the declaration, so that a run notices when it changes."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()
