"""What the site needs beyond Sphinx: pages that read well on a code host, and notebooks, become pages of the site."""

from __future__ import annotations

import json
import re
from typing import Any

from myst_parser.parsers.sphinx_ import MystParser
from notebook_cells import as_markdown

_OUTSIDE = {"../CONTRIBUTING.md": "contributing.md", "../CHANGELOG.md": "changelog.md"}
"""Files beside docs/ that the site has as pages."""


class NotebookParser(MystParser):
    """A notebook, read as Markdown."""

    supported = ("notebook",)

    def parse(self, inputstring: str, document: Any) -> None:
        """Parse the cells of a notebook into ``document``."""
        super().parse(as_markdown(json.loads(inputstring)), document)


def adapted(app: Any, page: str, source: list[str]) -> None:
    """Point links at the site's own pages, and show the file name of a code block above it."""
    text = source[0]
    for outside, inside in _OUTSIDE.items():
        text = text.replace(f"]({outside})", f"]({inside})")
    source[0] = re.sub(r"^```(\w+) (\S+\.\w+)$", r"```{code-block} \1\n:caption: \2\n", text, flags=re.M)


def plain_stars(*event: Any) -> None:
    """Docstrings and help texts mean an asterisk where they write one, as in ``(B, *shape)``; bold text stays."""
    lines = event[-1]
    lines[:] = [re.sub(r"(``.*?``)|(?<![*\\])\*(?!\*)", lambda found: found[1] or r"\*", line) for line in lines]


def for_napoleon(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Two habits that napoleon reads otherwise: a colon in the sentence about a property is no type, and attributes
    that share a line are not a type and a name."""
    if what == "property":
        lines[:0] = ["..", ""]
    for start in [number for number, line in enumerate(lines) if line == "Attributes:"]:
        for number in range(start + 1, len(lines)):
            shared = re.match(r"    (\w+(?:, \w+)+): ", lines[number])
            if shared:
                lines[number] = lines[number].replace(shared[1], shared[1].replace(", ", "/"), 1)


def setup(app: Any) -> dict[str, bool]:
    """Entry point of a Sphinx extension."""
    app.add_source_suffix(".ipynb", "notebook")
    app.add_source_parser(NotebookParser)
    app.connect("source-read", adapted)
    for event in ("autodoc-process-docstring", "sphinx-click-process-options", "sphinx-click-process-description"):
        app.connect(event, plain_stars, priority=100)  # before napoleon adds emphasis of its own
    app.connect("autodoc-process-docstring", for_napoleon, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
