"""The text of every error that the package raises: what was expected, what was received, and the next step."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from robustbench_endo import errors

ROOT = Path(__file__).parents[2]
FOLDERS = ("corruptions", "robustbench_endo", "reports")
ERRORS = {
    *(name for name in errors.__all__ if name.endswith("Error")),
    *("UnsuitableFrameError", "LossyMaskError", "SeveralFramesError", "UnmappedValuesError"),
}
VALUE = "\N{HORIZONTAL ELLIPSIS}"
FORMS = (
    re.compile(r"((Suite|Corruption) \S+: |\S+: )?[Ee]xpected .+, got[ :].+"),
    re.compile(r"Cannot [^:]+.*: .*(\.|\N{HORIZONTAL ELLIPSIS}) \S.+"),
)
OTHERS = (
    # A frame, a model or a worker, and its error.
    *("Left out at ", f"Model {VALUE}: ", f"On {VALUE}: ", f"{VALUE} of {VALUE} frames cannot be used; the first: "),
    # What is missing, and the next step.
    *("A Ray worker failed ", "Lost device ", "Out of memory for a single frame "),
    # The message of another error, with the next step.
    *(f"{VALUE} No checkpoint folder or model file has that name", f"{VALUE} Connect once so that they are cached"),
)
"""Beginnings of the messages that have another form."""


def messages() -> Iterator[tuple[str, str]]:
    """``file:line`` and text of each error of this package; a value in the text is an ellipsis."""
    for path in sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in ERRORS and node.args:
                text = _text(node.args[0])
                if text is not None:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", text


def _name(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


def _text(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else VALUE for part in node.values]
        return "".join(map(str, parts))
    return None


def test_every_error_says_what_was_expected_and_received():
    texts = list(messages())
    assert len(texts) > 350
    wrong = [
        f"{position}: {text}"
        for position, text in texts
        if not text.startswith(OTHERS) and not any(form.fullmatch(text) for form in FORMS)
    ]
    assert wrong == []


def test_every_error_is_one_line_that_ends_with_a_full_stop():
    # A text may end in a value, which is a sentence of its own.
    assert [f"{where}: {text}" for where, text in messages() if "\n" in text or text[-1] not in (".", VALUE, ")")] == []


def test_others_has_no_form_that_no_error_has():
    texts = [text for _, text in messages()]
    assert [form for form in OTHERS if not any(text.startswith(form) for text in texts)] == []
