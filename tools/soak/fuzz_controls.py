"""Undamaged inputs of all kinds: every command that the fuzzed ones meet has to succeed on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fuzz_cases import ANALYSES, CLEAN, accepted_problem
from fuzz_options import BASES
from inprocess import Done
from small_files import LIGHT, RUN, copy_base

EVALUATIONS: dict[str, tuple[str, ...]] = {
    "frames": (*CLEAN, *LIGHT),
    "manifest": (*CLEAN, *LIGHT, "--data", "frames.csv"),
    "suite": (*CLEAN, *LIGHT, "--suite", "suite.toml", "--corruption", "all"),
    "adapter": (*CLEAN, "--model", "m=light.py:build#adapter.toml"),
    "settings": ("evaluate", "--config", "config.toml", "--out", "out"),
    "checkpoint": (*CLEAN, "--model", "checkpoint"),
    "torchscript": (*CLEAN, "--model", "m=traced.pt"),
    "torch-export": (*CLEAN, "--model", "m=exported.pt2"),
    "resume": (*RUN, "--out", "out"),
}
"""Kind -> an evaluation."""

OTHERS: dict[str, tuple[str, ...]] = {
    **{f"analysis {words[0]}": words for words in ANALYSES},
    **{f"command {name}": words for name, words in BASES.items() if name not in ("evaluate", "synthesize")},
    "shards": ("merge", "shards/1", "shards/2", "--out", "out", "--format", "none"),
}
FILES = ("frames", "frames.csv", "light.py", "suite.toml", "adapter.toml", "config.toml", "traced.pt", "exported.pt2")
FOLDERS = ("run", "shards", "checkpoint")


@dataclass(frozen=True)
class ControlCase:
    """One command on undamaged files.

    Attributes:
        kind: of the input.
        arguments: of the command line.
        base: folder with the files.
    """

    kind: str
    arguments: Sequence[str]
    base: Path

    @property
    def name(self) -> str:
        """Unique among the cases of the fuzz."""
        return f"control-{self.kind}"

    def build(self, folder: Path) -> Sequence[str]:
        """Copy the files."""
        copy_base(self.base, folder, *FILES, *FOLDERS)
        if self.kind == "resume":
            (folder / "run").rename(folder / "out")
        return self.arguments

    def check(self, done: Done) -> str:
        """Success, and a complete run."""
        if done.reply.code != 0:
            return f"exit code {done.reply.code} on undamaged input: {done.reply.stderr.strip()[-250:]}"
        if self.kind in EVALUATIONS:
            return accepted_problem(done.folder / "out", 0)
        return ""


def control_cases(base: Path) -> list[ControlCase]:
    """All commands on undamaged files."""
    return [ControlCase(kind, words, base) for kind, words in {**EVALUATIONS, **OTHERS}.items()]
