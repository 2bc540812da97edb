"""What decides the pictures, beside their sources."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from robustbench_endo.errors import SynthesisError

Activity = Literal["auto", "source", "count", "none"]
Labels = Literal["auto", "parts", "types"]


@dataclass(frozen=True)
class SynthesisConfig:
    """How pictures are made.

    Attributes:
        size: (height, width); None: of the first instrument frame.
        seed: of everything; a picture is a function of the seed, its index and the sources.
        max_instruments: 1 to this many in a picture, each number as often.
        activity: `source`: all instruments of a picture come from frames of one activity, which it keeps; `count`: `1`
            for one instrument, `2` for two or more; `none`: no activity folders; `auto`: `source` where the instrument
            frames have activities, else `none`.
        labels: `parts`: touching labels are one instrument (shaft and tip); `types`: each label is an instrument of
            its own; `auto`: `parts` if most of the connected pieces have more than one label.
        instruments: the labels that are instruments; None: all but 0 and 255. If the data set has others, too, the
            rest of the picture is 255 (ignored): nobody has said which tissue it is.
        scales: smallest and largest scale, relative to the frame an instrument comes from.
        limit, limit_backgrounds: how many frames are used for instruments and backgrounds, drawn by the seed; None:
            all.
        floating: also pieces that the edge of the view does not cut; they are placed at the border all the same.
        within_subjects: the instruments of a picture come from the subject (patient, sequence) of its background.
    """

    size: tuple[int, int] | None = None
    seed: int = 0
    max_instruments: int = 2
    activity: Activity = "auto"
    labels: Labels = "auto"
    instruments: tuple[int, ...] | None = None
    scales: tuple[float, float] = (0.75, 1.35)
    limit: int | None = None
    limit_backgrounds: int | None = None
    allow_floating: bool = False
    within_subjects: bool = False

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            SynthesisError: a setting outside its range.
        """
        if self.size is not None and min(self.size) < 32:
            _refuse("a size of at least 32 x 32", f"{self.size[0]} x {self.size[1]}")
        if self.max_instruments < 1:
            _refuse("at least 1 instrument in a picture", str(self.max_instruments))
        for limit in (self.limit, self.limit_backgrounds):
            if limit is not None and limit < 1:
                _refuse("at least 1 frame", str(limit))
        if not 0 < self.scales[0] <= self.scales[1] <= 10:
            _refuse("two scales, the smaller first, above 0 and at most 10", f"{self.scales}")
        if self.activity not in get_args(Activity):
            _refuse(f"an activity rule among {', '.join(get_args(Activity))}", repr(self.activity))
        if self.labels not in get_args(Labels):
            _refuse(f"labels to be {', '.join(get_args(Labels))}", repr(self.labels))

    def as_json(self) -> dict[str, Any]:
        """Every setting, as JSON reads it back."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def _refuse(expected: str, found: str) -> None:
    raise SynthesisError(f"Expected {expected}, got {found}: correct the setting.")
