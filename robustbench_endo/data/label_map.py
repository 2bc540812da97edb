"""Mapping of the values of masks to class indices: ``--label-map`` and ``labels.toml``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.data.reading import read_colours, read_grey
from robustbench_endo.data.text_files import has_controls
from robustbench_endo.errors import DataError
from robustbench_endo.io_utils import read_toml
from robustbench_endo.types import IGNORE

LABELS_FILE = "labels.toml"
IGNORED_NAME = "ignore"
"""Name of the pixels that enter no metric and no loss."""

_EXAMPLE = "0=background,255=instrument"
_VALUE = re.compile(r"(?:([0-9]{1,9})(?:-([0-9]{1,9}))?|#([0-9a-fA-F]{6}))")
_MAX_VALUES = 8

Codes = NDArray[np.int64]
"""Values of pixels: grey values 0 to 255, or colours as 0xRRGGBB."""


class UnmappedValuesError(DataError):
    """Values of masks that have no name in a label map.

    Attributes:
        values: grey values, or colours as 0xRRGGBB, sorted.
    """

    def __init__(self, message: str, values: Sequence[int]) -> None:
        super().__init__(message)
        self.values = tuple(values)


@dataclass(frozen=True)
class LabelMap:
    """Values of mask pixels -> names of labels.

    Attributes:
        entries: text of a value (``0``, ``1-9``, ``#ff0000``) and the name that it gets, in order.
        source: where the map comes from, for errors.

    Raises:
        DataError: a text that is no value, a value with two names, no name, or ``background`` after another name.

    >>> LabelMap.parse("0=background,70-160=instrument,255=ignore").names
    ('background', 'instrument')
    """

    entries: tuple[tuple[str, str], ...]
    source: str = "--label-map"

    def __post_init__(self) -> None:
        if not self.names:
            raise DataError(f"Expected names of labels in {self.source}, got none: write {_EXAMPLE}, for example.")
        if odd := [name for name in self.names if not name.strip() or has_controls(name)]:
            raise DataError(
                f"Expected names of labels without control characters in {self.source}, got {odd[0]!r}: rename the "
                "label."
            )
        if "background" in self.names[1:]:
            raise DataError(
                f"Expected the background first in {self.source}, got {self.names[0]!r} before it: labels are numbered "
                "in this order, and the first is the background."
            )
        _ = self.values

    @classmethod
    def parse(cls, text: str) -> LabelMap:
        """A map from ``VALUE=NAME,VALUE=NAME,...``.

        Raises:
            DataError: see :class:`LabelMap`.
        """
        pairs = [part.partition("=") for part in text.split(",") if part.strip()]
        for value, equal, name in pairs:
            if not (equal and name.strip()):
                raise DataError(f"Expected VALUE=NAME in --label-map, got {value!r}: write {_EXAMPLE}, for example.")
        return cls(tuple((value.strip(), name.strip()) for value, _, name in pairs))

    @classmethod
    def read(cls, path: Path) -> LabelMap:
        """A map from a TOML file with a table ``[labels]``: a name = a value or a list of values.

        Raises:
            DataError: no such table, or see :class:`LabelMap`.
        """
        table = read_toml(path, DataError).get("labels")
        if not isinstance(table, Mapping):
            raise DataError(f"Expected a table [labels] in {path}, got none: write background = 0 below it, and so on.")
        return cls(tuple((text, name) for name, value in table.items() for text in _texts(value)), str(path))

    def __str__(self) -> str:
        return ",".join(f"{value}={name}" for value, name in self.entries)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the labels in the order of their first appearance, without ``ignore``."""
        return tuple(dict.fromkeys(name for _, name in self.entries if name != IGNORED_NAME))

    @property
    def coloured(self) -> bool:
        """Whether the map names colours; a grey value v is then the colour (v, v, v)."""
        return any(value.startswith("#") for value, _ in self.entries)

    @cached_property
    def values(self) -> dict[int, str]:
        """Grey value or colour (0xRRGGBB) -> name."""
        named: dict[int, str] = {}
        for text, name in self.entries:
            for code in self._codes(text):
                if named.setdefault(code, name) != name:
                    raise DataError(
                        f"Expected one name per value in {self.source}, got {named[code]!r} and {name!r} for {text}: "
                        "remove one of them."
                    )
        return named

    def index_of(self, classes: Sequence[str]) -> dict[int, int]:
        """Value -> index in ``classes``, 255 for ``ignore``.

        Raises:
            DataError: a name that is no class.
        """
        if unknown := [name for name in self.names if name not in classes]:
            raise DataError(
                f"Expected the names in {self.source} among the classes ({', '.join(classes)}), got {unknown[0]!r}: "
                "use the same names, or give only the label map."
            )
        return {value: IGNORE if name == IGNORED_NAME else classes.index(name) for value, name in self.values.items()}

    def read_codes(self, path: Path) -> Codes:
        """The values of a mask, (H, W).

        Raises:
            FrameError: the file is damaged or missing, or coloured where the map only has grey values.
        """
        if not self.coloured:
            return read_grey(path).astype(np.int64)
        packed: Codes = read_colours(path).astype(np.int64) @ np.array([1 << 16, 1 << 8, 1])
        return packed

    def unmapped(self, codes: NDArray[Any]) -> list[int]:
        """The values that have no name, sorted."""
        present = np.unique(codes)
        return [int(code) for code in present[~np.isin(present, list(self.values))]]

    def decode(self, codes: NDArray[Any], classes: Sequence[str]) -> NDArray[np.uint8]:
        """Class indices of values; those without a name are 255."""
        indices = self.index_of(classes)
        present, inverse = np.unique(codes, return_inverse=True)
        labels = np.array([indices.get(int(code), IGNORE) for code in present], np.uint8)
        decoded: NDArray[np.uint8] = labels[inverse].reshape(codes.shape)
        return decoded

    def describe(self, codes: Iterable[int]) -> str:
        """The first values as they are written in a map, and the number of the others."""
        texts = [f"#{code:06x}" if self.coloured else str(code) for code in codes]
        more = f" and {len(texts) - _MAX_VALUES} more" if len(texts) > _MAX_VALUES else ""
        return ", ".join(texts[:_MAX_VALUES]) + more

    def unmapped_error(self, codes: Sequence[int], masks: int, total: int, first: object) -> UnmappedValuesError:
        """The error for values without a name in ``masks`` of ``total`` masks."""
        example = self.describe(codes[:1])
        return UnmappedValuesError(
            f"Expected only values of {self.source} ({self}) in the masks, got {self.describe(codes)} in {masks} of "
            f"{total} masks (the first: {first}): add {example}=NAME or {example}={IGNORED_NAME}.",
            codes,
        )

    def _codes(self, text: str) -> Iterable[int]:
        match = _VALUE.fullmatch(text)
        if match is None:
            raise DataError(
                f"Expected a value (0), a range (1-9) or a colour (#ff0000) in {self.source}, got {text!r}: write "
                f"{_EXAMPLE}, for example."
            )
        if match.group(3):
            return (int(match.group(3), 16),)
        first, last = int(match.group(1)), int(match.group(2) or match.group(1))
        if not first <= last <= 255:
            raise DataError(
                f"Expected values from 0 to 255, ranges upwards, in {self.source}, got {text!r}: correct it."
            )
        return tuple(value * 0x010101 if self.coloured else value for value in range(first, last + 1))


def find_label_map(text: str | None, folder: Path) -> LabelMap | None:
    """The map of ``--label-map``, else that of ``labels.toml`` in a folder, else None.

    Raises:
        DataError: see :class:`LabelMap`.
    """
    if text is not None:
        return LabelMap.parse(text)
    path = folder / LABELS_FILE
    return LabelMap.read(path) if path.is_file() else None


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(each) for each in values]
