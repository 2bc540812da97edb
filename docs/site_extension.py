"""Sphinx extension of the site: links of the repository's pages, captions of code, notebooks, accessibility."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from myst_parser.parsers.sphinx_ import MystParser
from notebook_cells import as_markdown

_OUTSIDE = {"../CONTRIBUTING.md": "contributing.md", "../CHANGELOG.md": "changelog.md"}
"""Files outside docs/ that are pages of the site."""


class NotebookParser(MystParser):
    """A notebook, read as Markdown."""

    supported = ("notebook",)

    def parse(self, inputstring: str, document: Any) -> None:
        """Parse the cells of a notebook into ``document``."""
        super().parse(as_markdown(json.loads(inputstring)), document)


def adapted(app: Any, page: str, source: list[str]) -> None:
    """Link to the pages of the site, and show the file name of a code block above it."""
    text = source[0]
    for outside, inside in _OUTSIDE.items():
        text = text.replace(f"]({outside})", f"]({inside})")
    source[0] = re.sub(r"^```(\w+) (\S+\.\w+)$", r"```{code-block} \1\n:caption: \2\n", text, flags=re.M)


def plain_stars(*event: Any) -> None:
    """Escape single asterisks in docstrings and help texts, as in ``(B, *shape)``; bold text is preserved."""
    lines = event[-1]
    lines[:] = [re.sub(r"(``.*?``)|(?<![*\\])\*(?!\*)", lambda match: match[1] or r"\*", line) for line in lines]


def for_napoleon(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Adapt docstrings for napoleon: a colon in the summary of a property is no type, and attributes on one line are
    several names."""
    if what == "property":
        lines[:0] = ["..", ""]
    for start in [number for number, line in enumerate(lines) if line == "Attributes:"]:
        for number in range(start + 1, len(lines)):
            shared = re.match(r"    (\w+(?:, \w+)+): ", lines[number])
            if shared:
                lines[number] = lines[number].replace(shared[1], shared[1].replace(", ", "/"), 1)


_SIGNATURE = re.compile(r"<dl>\s*((?:<dd>(?:(?!</?d[dlt]\b).)*</dd>\s*)+)</dl>", re.S)
"""The parameters of a long signature, which Sphinx writes as a list of definitions without terms."""

_ACCESSIBLE = (
    ('class="caption" role="heading"', 'class="caption" role="heading" aria-level="2"'),
    ('<aside class="sidebar-drawer">', '<aside class="sidebar-drawer" aria-label="Pages">'),
    ('<aside class="toc-drawer', '<aside aria-label="On this page" class="toc-drawer'),
    ("<pre>", '<pre tabindex="0">'),
    ('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper'),
    ('<div style="overflow-x:auto">', '<div tabindex="0" style="overflow-x:auto">'),
    ('<div id="search-results">', '<h1>Search</h1>\n<div id="search-results">'),
)
"""What the theme writes, and the same for a keyboard and a screen reader: levels, names, scrolling, a heading."""


def accessible(html: str) -> str:
    """A page in which everything that scrolls takes the focus, and headings and landmarks are complete."""
    for before, after in _ACCESSIBLE:
        html = html.replace(before, after)
    return _SIGNATURE.sub(lambda match: f'<span class="parameters">{_as_spans(match[1])}</span>', html)


def _as_spans(parameters: str) -> str:
    return parameters.replace("<dd>", '<span class="parameter">').replace("</dd>", "</span>")


def finished(app: Any, error: Exception | None) -> None:
    """Make every page accessible, except those that are copied as they are."""
    if error or app.builder.format != "html":
        return
    copied = {file.name for folder in app.config.html_extra_path for file in Path(app.confdir, folder).rglob("*.html")}
    for file in Path(app.outdir).rglob("*.html"):
        if file.name not in copied:
            file.write_text(accessible(file.read_text("utf-8")), "utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Entry point of a Sphinx extension."""
    app.add_source_suffix(".ipynb", "notebook")
    app.add_source_parser(NotebookParser)
    app.connect("source-read", adapted)
    app.connect("build-finished", finished)
    for event in ("autodoc-process-docstring", "sphinx-click-process-options", "sphinx-click-process-description"):
        app.connect(event, plain_stars, priority=100)  # before napoleon adds emphasis
    app.connect("autodoc-process-docstring", for_napoleon, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
