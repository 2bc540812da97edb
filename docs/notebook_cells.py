"""The cells of a notebook, for tests and for the site, without Jupyter."""

from __future__ import annotations

from typing import Any


def code_cells(notebook: dict[str, Any]) -> list[str]:
    """The source of every code cell, in order."""
    return [source_of(cell) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def as_markdown(notebook: dict[str, Any]) -> str:
    """The notebook as one Markdown text: prose unchanged, code as blocks."""
    return "\n\n".join(
        f"```python\n{source_of(cell)}\n```" if cell["cell_type"] == "code" else source_of(cell)
        for cell in notebook["cells"]
    )


def source_of(cell: dict[str, Any]) -> str:
    """The text of a cell, which is stored as a text or as lines."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)
