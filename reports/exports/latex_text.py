"""Text as LaTeX shows it."""

from __future__ import annotations

import re

_ESCAPED = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "[": "{[}",  # a row or a line that begins with one of these three would be read as an option of the break before
    "]": "{]}",
    "*": "{*}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "–": r"\textendash{}",
    "\u2212": r"\ensuremath{-}",
    "†": r"\textdagger{}",
    "“": "``",
    "”": "''",
    "±": r"\ensuremath{\pm}",
    "≥": r"\ensuremath{\geq}",
    "≤": r"\ensuremath{\leq}",
    "∞": r"\ensuremath{\infty}",
    "→": r"\ensuremath{\rightarrow}",
    "…": r"\dots{}",
    "\u00a0": "~",
    "\u202f": r"\,",
    "\u200b": "",
}


def escaped(text: str) -> str:
    """Text that LaTeX prints as it is; line breaks and control characters become spaces."""
    return "".join(_ESCAPED.get(letter, letter) for letter in re.sub(r"[\x00-\x1f\x7f]", " ", text))
