"""The configuration of a synthesis: every option of ``robust-endo synthesize``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from robustbench_endo.config import option, to_values
from robustbench_endo.data_options import split_names
from robustbench_endo.errors import SynthesisError

Activity = Literal["auto", "source", "count", "none"]
Labels = Literal["auto", "parts", "types"]

SMALLEST_SIDE = 32

REQUIRED = ("background", "instruments", "out")
"""Options without default on the command line."""

_NOT_RECORDED = (*REQUIRED, "count", "split", "classes", "subject_regex")
"""Options that select sources and output: the checksums of the sources are recorded instead."""

_RECORDED_NAMES = {"instrument_labels": "instruments", "limit_instruments": "limit"}
"""Options whose names in ``synthesis.json`` differ."""


def parse_size(text: str) -> tuple[int, int]:
    """``HxW`` as (height, width).

    Raises:
        SynthesisError: any other text.

    >>> parse_size("480x640")
    (480, 640)
    """
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if match is None:
        raise SynthesisError(
            f"Expected a size such as 480x640 (height x width, at least {SMALLEST_SIDE}), got {text!r}: correct --size."
        )
    return int(match.group(1)), int(match.group(2))


def parse_scales(text: str) -> tuple[float, float]:
    """``smallest,largest`` as numbers.

    Raises:
        SynthesisError: any other text.

    >>> parse_scales("0.75,1.35")
    (0.75, 1.35)
    """
    try:
        low, high = map(float, text.split(","))
    except ValueError as error:
        raise SynthesisError(f"Expected two scales such as 0.75,1.35, got {text!r}: correct --scales.") from error
    return low, high


@dataclass(frozen=True)
class SynthesisConfig:
    """Every setting of a synthesis, each documented by the help text of its option.

    Sources, output folder and number of images are specs on the command line; :func:`synthesize` takes them as
    arguments instead. An image is a function of the settings, its index and the sources.

    Raises:
        SynthesisError: a setting outside its range.

    >>> SynthesisConfig(seed=3, scales=(0.9, 1.1)).max_instruments
    2
    """

    background: str | None = option(
        None, "An image of tissue, a folder of frames, or a data set.", "--background", "-b"
    )
    instruments: str | None = option(
        None, "Folder of frames with masks, or the name of a data set.", "--instruments", "-i"
    )
    out: Path | None = option(None, "Folder to write; an interrupted synthesis is resumed.", "--out", "-o", type="path")
    count: int = option(100, "Number of images.", "--count", "-n", type="int", minimum=1)
    seed: int = option(0, "Random seed.", type="int", minimum=0)
    size: tuple[int, int] | None = option(
        None, "HxW of the images.", parse=parse_size, shown_default="of the first instrument frame"
    )
    max_instruments: int = option(
        2, "Maximum number of instruments in an image; all numbers from 1 are equally frequent.", type="int", minimum=1
    )
    activity: Activity = option(
        "auto",
        "source: that of the instruments' frames; count: 1 = one instrument, 2 = two or more; none: no activity "
        "folders; auto: source where the frames have activities, else none.",
        choices=get_args(Activity),
    )
    labels: Labels = option(
        "auto",
        "parts: touching labels are parts of one instrument; types: each label is an instrument; auto: parts if most "
        "connected components have more than one label.",
        choices=get_args(Labels),
    )
    instrument_labels: tuple[int | str, ...] | None = option(
        None,
        "Labels or class names that are instruments; other pixels of the masks are then 255 (ignored) if the data set "
        "labels tissue, too.",
        parse=split_names,
        shown_default="all but 0",
    )
    scales: tuple[float, float] = option(
        (0.75, 1.35),
        "Smallest and largest scale of an instrument, relative to its frame.",
        parse=parse_scales,
        shown_default="0.75,1.35",
    )
    limit_instruments: int | None = option(
        None, "Maximum number of instrument frames, randomly selected.", type="int", minimum=1, shown_default="all"
    )
    limit_backgrounds: int | None = option(
        None, "Maximum number of background frames, randomly selected.", type="int", minimum=1, shown_default="all"
    )
    allow_floating: bool = option(False, "Also use instruments that the border does not cut.", type="bool")
    within_subjects: bool = option(
        False, "Take instruments from the patient or sequence of the background.", type="bool"
    )
    split: str | None = option(
        None, "Sub-folder or split of the instruments.", shown_default="train where there is one"
    )
    classes: tuple[str, ...] | None = option(
        None, "Names of the mask labels, background first, separated by commas.", parse=split_names
    )
    subject_regex: str | None = option(None, "Regular expression for the patient or sequence in a frame's path.")

    def __post_init__(self) -> None:
        if self.size is not None and min(self.size) < SMALLEST_SIDE:
            _reject(f"a size of at least {SMALLEST_SIDE} x {SMALLEST_SIDE}", f"{self.size[0]} x {self.size[1]}")
        if self.max_instruments < 1:
            _reject("at least 1 instrument in an image", str(self.max_instruments))
        if self.seed < 0:
            _reject("a seed of at least 0", str(self.seed))
        for limit in (self.limit_instruments, self.limit_backgrounds):
            if limit is not None and limit < 1:
                _reject("at least 1 frame", str(limit))
        if len(self.scales) != 2 or not 0 < self.scales[0] <= self.scales[1] <= 10:
            _reject("two scales, the smaller first, above 0 and at most 10", f"{self.scales}")
        if self.activity not in get_args(Activity):
            _reject(f"an activity rule among {', '.join(get_args(Activity))}", repr(self.activity))
        if self.labels not in get_args(Labels):
            _reject(f"labels to be {', '.join(get_args(Labels))}", repr(self.labels))

    def check_required(self) -> tuple[str, str, Path]:
        """Background, instruments and output folder, which have no default on the command line.

        Raises:
            SynthesisError: one of them is not set.
        """
        for name in REQUIRED:
            if getattr(self, name) is None:
                raise SynthesisError(f"Expected --{name}, got none: add it.")
        return str(self.background), str(self.instruments), Path(str(self.out))

    def recorded_settings(self) -> dict[str, Any]:
        """Name -> value of the settings that determine the images, for ``synthesis.json``."""
        values = {name: value for name, value in to_values(self).items() if name not in _NOT_RECORDED}
        return {_RECORDED_NAMES.get(name, name): value for name, value in values.items()}


def resolve_instrument_labels(labels: Sequence[int | str], classes: Sequence[str]) -> tuple[int, ...]:
    """Sorted labels of instruments from labels or names of classes.

    Args:
        labels: labels, as numbers or texts, or names.
        classes: names of the mask labels, background first.

    Raises:
        SynthesisError: no label, the background, or one that the data set lacks.

    >>> resolve_instrument_labels(["tip", "1"], ("background", "shaft", "tip"))
    (1, 2)
    """
    known = {name: index for index, name in enumerate(classes)} | {str(index): index for index in range(len(classes))}
    unknown = [label for label in labels if known.get(str(label), 0) == 0]
    if unknown or not labels:
        raise SynthesisError(
            f"Expected instruments among {', '.join(classes[1:])} or their labels from 1 to {len(classes) - 1}, got "
            f"{repr(str(unknown[0])) if unknown else 'none'}: correct --instrument-labels."
        )
    return tuple(sorted({known[str(label)] for label in labels}))


def _reject(expected: str, value: str) -> None:
    raise SynthesisError(f"Expected {expected}, got {value}: correct the setting.")
