"""How names and numbers are written, the same in every table, figure and file."""

from __future__ import annotations

import math

ABSENT = "–"
"""What stands where there is no number: never 0, never nan."""

SPACE = "\u00a0"
"""Between a number and its unit: no line breaks there."""

_ACRONYMS = {"jpeg": "JPEG", "ssim": "SSIM", "psnr": "PSNR"}
_DECIMALS = {"dB": 1}


def title(name: str) -> str:
    """``jpeg_compression`` -> ``JPEG compression``; a name without underscores only gets its capital."""
    words = [_ACRONYMS.get(word, word) for word in name.split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def number(value: float | None, unit: str = "%") -> str:
    """``value`` with the decimals of its unit, :data:`ABSENT` for NaN and None."""
    if value is None or math.isnan(value):
        return ABSENT
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.{_DECIMALS.get(unit, 2)}f}"


def signed(value: float, unit: str = "%") -> str:
    """A difference with its sign, a true minus as wide as the plus; what is printed as zero has none."""
    text = number(value, unit)
    if not set(text) & set("123456789∞"):
        return text.removeprefix("-")
    return f"+{text}" if value > 0 else text.replace("-", "\N{MINUS SIGN}")


def quantity(value: float | None, unit: str = "%") -> str:
    """A number with its unit, for running text: one decimal is enough there."""
    if value is None or not math.isfinite(value):
        return number(value, unit)
    return f"{value:.1f}{SPACE}{unit}" if unit else f"{value:.3g}"


def listing(words: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def counted(count: int, noun: str) -> str:
    """``1 model``, ``3 models``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def p_text(p: float) -> str:
    """A p-value with three decimals; ``<0.001`` below, a dash for none."""
    if math.isnan(p):
        return ABSENT
    return "<0.001" if p < 0.001 else f"{p:.3f}"
