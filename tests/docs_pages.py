"""Reading the pages of the documentation: code blocks, commands and links."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from robustbench_endo.cli import main

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@dataclass(frozen=True)
class Block:
    """A code block: its language, the file that it is the content of (or nothing), and its text."""

    language: str
    file: str
    text: str


def read_page(name: str) -> str:
    """The text of ``docs/<name>.md``."""
    return (DOCS / f"{name}.md").read_text("utf-8")


def blocks(page: str, *languages: str) -> list[Block]:
    """The code blocks of a page in order, of some languages or of all."""
    parts = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", page, re.M | re.S)
    return [Block(*part) for part in parts if not languages or part[0] in languages]


def code(page: str, language: str = "python") -> list[str]:
    """The texts of the blocks of a language."""
    return [block.text for block in blocks(page, language)]


def command_lines(page: str) -> list[list[str]]:
    """The words of each robust-endo command in the bash blocks of a page."""
    lines = [line for text in code(page, "bash") for line in text.replace("\\\n", "").splitlines()]
    # A comment begins after a space; the "#" of MODEL#FILE does not begin one.
    return [shlex.split(re.sub(r"\s#.*", "", line)) for line in lines if line.startswith("robust-endo")]


def run_command(words: list[str], *allowed: int) -> Result:
    """Run a robust-endo command in this process; any other exit code than 0 and ``allowed`` is an error."""
    result = CliRunner().invoke(main, words[1:], catch_exceptions=False)
    assert result.exit_code in (0, *allowed), f"{shlex.join(words)}\n{result.output}"
    return result


def run_python(page: str, file: str, names: dict[str, object] | None = None) -> dict[str, object]:
    """Run the Python blocks without a file name in order, in one namespace."""
    names = {} if names is None else names
    for block in blocks(page, "python"):
        if not block.file:
            exec(compile(block.text, file, "exec"), names)
    return names


def missing_links(page: str, folder: Path = DOCS) -> list[str]:
    """Relative links of a page that lead to no file."""
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", page)
    return [target for target in targets if not (folder / target).is_file()]
