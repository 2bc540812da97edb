"""The methods of test-time adaptation and their options, as ``--adapt`` takes them; without torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from robustbench_endo.errors import RobustEndoError, unknown_name
from robustbench_endo.io_utils import split_spec

if TYPE_CHECKING:
    from robustbench_endo.evaluation.config import EvaluationConfig

BATCH_SIZE = 8
"""Frames per batch of an adapted model without --batch-size, on every device: the scores depend on it."""

EPISODE = 64
"""Frames at most after which a model is reset: they are read at once, and are what an interruption loses."""


@dataclass(frozen=True)
class BatchNorm:
    """Batch norm with the statistics of the batch instead of those of the training (Nado et al., 2020)."""

    name: ClassVar[str] = "bn"


@dataclass(frozen=True)
class Tent:
    """Entropy minimisation over the affine parameters of normalisation layers (Wang et al., ICLR 2021).

    Attributes:
        lr: learning rate of Adam.
        steps: of Adam per batch.
    """

    name: ClassVar[str] = "tent"
    lr: float = 1e-3
    steps: int = 1


@dataclass(frozen=True)
class Memo:
    """Marginal entropy minimisation over all parameters, for each frame (Zhang et al., NeurIPS 2022).

    Attributes:
        lr: learning rate of SGD.
        steps: of SGD per frame.
        augmentations: augmented copies of a frame.
    """

    name: ClassVar[str] = "memo"
    lr: float = 2.5e-4
    steps: int = 1
    augmentations: int = 8


Adaptation = BatchNorm | Tent | Memo
METHODS: tuple[type[Adaptation], ...] = (BatchNorm, Tent, Memo)


def parse_adaptation(spec: str | None) -> Adaptation | None:
    """The adaptation of a spec; None for None.

    Raises:
        UnknownNameError: no such method or option.
        RobustEndoError: a value outside its range.

    >>> parse_adaptation("tent@steps=2")
    Tent(lr=0.001, steps=2)
    """
    if spec is None:
        return None
    name, options = split_spec(spec)
    methods = {method.name: method for method in METHODS}
    if name not in methods:
        raise unknown_name("adaptation", name, methods)
    known = {field.name: field for field in fields(methods[name])}
    for key in options:
        if not known:
            raise RobustEndoError(f"Expected {name} without options, got {key!r}: leave it out.")
        if key not in known:
            raise unknown_name(f"option of {name}", key, known)
    return methods[name](**{key: _number(key, text, type(known[key].default)) for key, text in options.items()})


def _number(key: str, text: str, kind: type) -> Any:
    try:
        value = kind(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        expected = "a whole number >= 1" if kind is int else "a finite number above 0"
        raise RobustEndoError(f"Expected {key} of an adaptation as {expected}, got {text!r}: change it.")
    return value


def batch_size_of(config: EvaluationConfig) -> int | None:
    """Frames per batch at most; None where memory decides, which it must not for an adapted model."""
    return config.batch_size if config.adapt is None else config.batch_size or BATCH_SIZE


def describe_adaptation(config: EvaluationConfig) -> dict[str, Any]:
    """The entry of run.json and of a run's identity; empty for a run without adaptation."""
    method = parse_adaptation(config.adapt)
    if method is None:
        return {}
    options = {"batch_size": batch_size_of(config), "frames_until_reset": EPISODE}
    return {"adaptation": {"method": method.name, **asdict(method), **options}}


def adaptation_note(config: EvaluationConfig) -> tuple[str, ...]:
    """What the report says about the adaptation of a run."""
    if config.adapt is None:
        return ()
    return (
        f"Models are adapted at test time ({config.adapt}) on batches of up to {batch_size_of(config)} frames, and "
        f"reset for each condition, each video and after {EPISODE} frames: the scores depend on the batch size and on "
        "the order of the frames.",
    )


Entry = TypeVar("Entry")


def adapted_names(models: Mapping[str, Entry], method: Adaptation | None) -> Mapping[str, Entry]:
    """The models by their names in results, tables and figures, which name the adaptation.

    >>> adapted_names({"resnet": print}, Tent())
    {'resnet (tent)': <built-in function print>}
    """
    suffix = "" if method is None else f" ({method.name})"
    # A worker of the run receives names that have it.
    return {name if suffix in name else f"{name}{suffix}": model for name, model in models.items()}


def check_adaptation(config: EvaluationConfig) -> None:
    """Raise RobustEndoError for an adaptation that does not exist, or that other options do not allow."""
    if config.adapt is None:
        return
    parse_adaptation(config.adapt)
    reasons = {
        "a failure point": (config.failure_point is not None, "its search evaluates frames in other batches"),
        "a calibration": (bool(config.calibration), "an adapted model is another one than that which was calibrated"),
        "--compile": (config.compile, "a compiled model is not adapted"),
    }
    for option, (present, reason) in reasons.items():
        if present:
            raise RobustEndoError(f"Expected adaptation without {option}, got both: {reason}; leave one of them out.")
