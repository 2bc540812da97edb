"""How names and numbers are printed, the same in every table, figure and file."""

from __future__ import annotations

import math
from collections.abc import Sequence

MISSING = "–"
"""Printed where there is no number: never 0, never nan."""

SPACE = "\u00a0"
"""Between a number and its unit: no line breaks there."""

_ACRONYMS = {"jpeg": "JPEG", "ssim": "SSIM", "psnr": "PSNR"}
_DECIMALS = {"dB": 1}


def title(name: str) -> str:
    """An identifier as words.

    >>> title("jpeg_compression")
    'JPEG compression'
    >>> title("smoke+jpeg_compression")
    'Smoke + JPEG compression'
    """
    text = " ".join(_ACRONYMS.get(word, word) for word in name.replace("+", "_+_").split("_"))
    return text[:1].upper() + text[1:]


def number(value: float | None, unit: str = "%") -> str:
    """``value`` with the decimals of its unit, :data:`MISSING` for NaN and None.

    >>> number(61.2), number(float("nan"))
    ('61.20', '–')
    """
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.{_DECIMALS.get(unit, 2)}f}"


def number_range(low: float, high: float, unit: str = "%") -> str:
    """``61.20 to 65.30``; empty unless both ends are finite."""
    return f"{number(low, unit)} to {number(high, unit)}" if math.isfinite(low + high) else ""


def signed(value: float, unit: str = "%") -> str:
    """A difference with its sign, the minus as wide as the plus; what is printed as zero has none."""
    text = number(value, unit)
    if not set(text) & set("123456789∞"):
        return text.removeprefix("-")
    return f"+{text}" if value > 0 else text.replace("-", "\N{MINUS SIGN}")


def signed_range(low: float, high: float, unit: str = "%") -> str:
    """As :func:`number_range` of differences."""
    return f"{signed(low, unit)} to {signed(high, unit)}" if math.isfinite(low + high) else ""


def with_unit(value: float | None, unit: str = "%") -> str:
    """A number with its unit, for running text, where one decimal is enough."""
    if value is None or not math.isfinite(value):
        return number(value, unit)
    return f"{value:.1f}{SPACE}{unit}" if unit else f"{value:.3g}"


def joined(words: Sequence[str], conjunction: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return f"{', '.join(words[:-1])} {conjunction} {words[-1]}" if len(words) > 1 else "".join(words)


def counted(count: int, noun: str) -> str:
    """``1 model``, ``3 models``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def p_text(p: float) -> str:
    """A p-value with three decimals; ``<0.001`` below, :data:`MISSING` for NaN."""
    if math.isnan(p):
        return MISSING
    return "<0.001" if p < 0.001 else f"{p:.3f}"
