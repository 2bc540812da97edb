"""Run the code of a page in an empty folder: ``python docs/page_runner.py [--write] [PAGE ...]``.

A block with a file name is written to that file. Python blocks share one namespace. A ``bash`` block has one command a
line; a backslash continues a line, and ``# exit code 3`` behind a command is the code it must end with, otherwise 0. A
``text`` block behind a block of code is its output: ``--write`` stores what was printed, and the tests compare it with
what is printed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import runpy
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parent
PAGES = (*sorted((DOCS / "tutorials").glob("*.md")), DOCS / "coming_from.md", DOCS / "gallery.md")
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.M | re.S)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_DURATION = re.compile(r"\b[\d.]+ ?s\b")


@dataclass(frozen=True)
class Output:
    """A stored output: where its text is in the page, the text, and what the code before it printed."""

    start: int
    end: int
    stored: str
    printed: str


def run_page(text: str, folder: Path) -> list[Output]:
    """Run all blocks of a page in order, with ``folder`` as the working directory.

    Raises:
        RuntimeError: a command ended with another exit code than the page says.
    """
    names: dict[str, object] = {"__name__": "__page__"}
    outputs, printed = [], ""
    with _inside(folder):
        for match in _BLOCK.finditer(text):
            language, file, body = match.groups()
            if language == "text":
                outputs.append(Output(match.start(3), match.end(3), body, printed.replace(f"{folder}/", "")))
            elif file:
                Path(file).parent.mkdir(parents=True, exist_ok=True)
                Path(file).write_text(body, "utf-8")
            elif language == "python":
                printed = _printed(lambda body=body: exec(compile(body, "page", "exec"), names))
            elif language == "bash":
                printed = "".join(run_command(line) for line in body.replace("\\\n", "").splitlines())
    return outputs


def run_command(line: str) -> str:
    """Run one command in this process; what it prints, with the message of an error."""
    command, _, expected = line.partition("  # exit code ")
    words = shlex.split(command)
    if words[0] == "robust-endo":
        from click.testing import CliRunner

        from robustbench_endo.cli import main

        result = CliRunner().invoke(main, words[1:])
        if result.exit_code != int(expected or 0):
            message = f"{command}: exit code {result.exit_code}\n{result.output}"
            raise RuntimeError(message) from result.exception
        return result.stdout + "".join(re.findall(r"^Error: .*\n", result.stderr, re.M))
    if words[0] == "pytest":
        import pytest

        for name in ("PYTEST_ADDOPTS", "CI", "BUILD_NUMBER"):  # what pytest prints depends on them
            os.environ.pop(name, None)
        return _printed(lambda: pytest.main(["-p", "no:cacheprovider", "-p", "no:warnings", *words[1:]]))
    if words[0] == "python":
        return _printed(lambda: runpy.run_path(words[1], run_name="__main__"))
    message = f"Expected robust-endo, python or pytest, got {line!r}: use one of them in a bash block."
    raise RuntimeError(message)


def same_output(stored: str, printed: str, tolerance: float = 0.2) -> bool:
    """Whether outputs agree: same text, numbers within ``tolerance`` or 2 %; a line ... stands for any lines."""
    position = 0
    lines = _lines(printed)
    for part in re.split(r"^\.\.\.\n", stored, flags=re.M):
        expected = _lines(part)
        starts = range(position, len(lines) - len(expected) + 1)
        start = next((at for at in starts if _same_lines(expected, lines[at : at + len(expected)], tolerance)), None)
        if start is None:
            return False
        position = start + len(expected)
    return True


def with_outputs(text: str, outputs: list[Output]) -> str:
    """The page with every output that differs replaced by what was printed."""
    for output in reversed(outputs):
        if not same_output(output.stored, output.printed):
            text = text[: output.start] + "\n".join(_lines(output.printed)) + "\n" + text[output.end :]
    return text


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines() if line.strip()]


def _same_lines(first: list[str], second: list[str], tolerance: float) -> bool:
    texts = [_DURATION.sub("a while", "\n".join(lines)) for lines in (first, second)]
    words = [" ".join(_NUMBER.sub("0", text).split()) for text in texts]
    numbers = [[float(number) for number in _NUMBER.findall(text)] for text in texts]
    return words[0] == words[1] and all(
        abs(one - other) <= max(tolerance, 0.02 * abs(one)) for one, other in zip(*numbers, strict=True)
    )


def _printed(action: Callable[[], object]) -> str:
    """What a function prints."""
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        action()
    return stream.getvalue()


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Work in a folder, import from it, and forget its modules at the end."""
    before, modules = Path.cwd(), set(sys.modules)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        os.chdir(before)
        sys.path.remove(str(folder))
        for name in set(sys.modules) - modules:
            if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
                del sys.modules[name]


def main() -> None:
    """Run pages, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("pages", nargs="*", type=Path, default=PAGES, help="by default the tutorials and two more")
    parser.add_argument("--write", action="store_true", help="store the outputs in the pages")
    options = parser.parse_args()
    for page in options.pages:
        text = page.read_text("utf-8")
        with tempfile.TemporaryDirectory() as folder:
            updated = with_outputs(text, run_page(text, Path(folder).resolve()))
        sys.stdout.write(f"{page}: {'as stored' if updated == text else 'outputs differ'}\n")
        if options.write:
            page.write_text(updated, "utf-8")


if __name__ == "__main__":
    main()
