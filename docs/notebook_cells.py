"""The cells of a notebook, for tests and for the site, without Jupyter."""

from __future__ import annotations

from typing import Any


def code_cells(notebook: dict[str, Any]) -> list[str]:
    """The source of every code cell, in order."""
    return [source_of(cell) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def as_markdown(notebook: dict[str, Any]) -> str:
    """The notebook as one Markdown text: prose unchanged, code as blocks, each followed by its outputs."""
    return "\n\n".join(
        "\n\n".join((f"```python\n{source_of(cell)}\n```", *(_output(output, cell) for output in cell["outputs"])))
        if cell["cell_type"] == "code"
        else source_of(cell)
        for cell in notebook["cells"]
    )


def source_of(cell: dict[str, Any]) -> str:
    """The text of a cell, which is stored as a text or as lines."""
    return _text(cell["source"])


def _output(output: dict[str, Any], cell: dict[str, Any]) -> str:
    """The richest form that an output has: an image with the alternative text of its cell, a table, or plain text."""
    data = output.get("data", {})
    if "image/png" in data:
        address = "data:image/png;base64," + _text(data["image/png"]).replace("\n", "")
        return f"![{cell['metadata']['alt']}]({address})"
    if "text/html" in data:
        html = "\n".join(line for line in _text(data["text/html"]).splitlines() if line.strip())
        html = html.replace("<th></th>", "<td></td>")  # an empty heading names nothing
        return f'<div class="output" tabindex="0">\n{html}\n</div>'
    return f"```text\n{_text(output.get('text') or data['text/plain'])}\n```"


def _text(stored: str | list[str]) -> str:
    return stored if isinstance(stored, str) else "".join(stored)
