"""``make figures``: execute the notebook without Jupyter and store its outputs in it."""

from __future__ import annotations

import ast
import base64
import contextlib
import hashlib
import io
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from notebook_cells import source_of

NOTEBOOK = Path(__file__).resolve().parent / "notebooks" / "from_checkpoint_to_figure.ipynb"
MAXIMUM_HTML = 60_000
"""Longer displays are stored as plain text only."""


def executed(notebook: dict[str, Any], names: dict[str, object] | None = None) -> dict[str, Any]:
    """The notebook with new outputs, run in the working directory; ``names`` receives its variables."""
    names = {} if names is None else names
    cells, number = [], 0
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            number += 1
            source = source_of(cell)
            metadata = {**cell["metadata"], "source_sha256": fingerprint(source)}
            outputs = list(_outputs(source, names, number))
            cell = {**cell, "metadata": metadata, "execution_count": number, "outputs": outputs}
        cells.append(cell)
    return {**notebook, "cells": cells}


def fingerprint(source: str) -> str:
    """What the metadata of a cell records of the code that its outputs belong to."""
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def plain_outputs(notebook: dict[str, Any]) -> list[str]:
    """The text of each output, in order."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return [
        "".join(output["text"] if output["output_type"] == "stream" else output["data"]["text/plain"])
        for output in outputs
    ]


def _outputs(source: str, names: dict[str, object], number: int) -> Iterator[dict[str, Any]]:
    """Run one cell; what it prints, and the value of its last line unless a semicolon ends it."""
    tree, stream, value = ast.parse(source), io.StringIO(), None
    last = tree.body[-1] if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(stream):
        exec(compile(ast.Module(tree.body[:-1] if last else tree.body, []), f"cell {number}", "exec"), names)
        if last:
            value = eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), names)
    if stream.getvalue():
        yield {"output_type": "stream", "name": "stdout", "text": stream.getvalue()}
    if value is not None and not source.rstrip().endswith(";"):
        data = display(value)
        yield {"output_type": "execute_result", "execution_count": number, "metadata": {}, "data": data}


def display(value: Any) -> dict[str, str]:
    """The value by media type: plain text, HTML if it is short, and figures as PNG."""
    data = {"text/plain": repr(value)}
    html = value._repr_html_() if hasattr(value, "_repr_html_") else None
    if html and len(html) <= MAXIMUM_HTML:
        data["text/html"] = html
    if hasattr(value, "savefig"):
        stream = io.BytesIO()
        value.savefig(stream, format="png", dpi=110, facecolor="white", metadata={"Software": None})
        data["image/png"] = base64.b64encode(stream.getvalue()).decode()
    return data


def main() -> None:
    """Execute the notebook in an empty folder and store it with its outputs."""
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            notebook = executed(notebook)
        finally:
            os.chdir(before)
    NOTEBOOK.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
