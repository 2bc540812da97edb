"""Fuzzed values of the command line: every option of every command with extreme, odd or misspelt values."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from fuzz_cases import accepted_problem
from inprocess import Done
from small_files import EVALUATE, LIGHT, copy_base

N_CASES = 240

TEXTS = (
    "", " ", "x", "-", "--", "0", "-1", "1e309", "nan", "inf", "99999999999999999999", "1.5", "1,2", "1-", "5-1", ",",
    "é𝔘\u202e", "a" * 300, "a" * 5000, "../..", "/dev/null", "/proc/self/mem", "frames.csv", "missing", "frames",
    "[", "(", "(?P<x>", "%s%n", "$(touch x)", "; touch x", "=1+1", "\n", "all", "none", "true", "null", "{}", "a=b=c",
    "@", "#", ":", "::", "light.py:", ":build", "light.py:nothing", "os:system", "*", "1/0", "3/2", "0x0", "1x", "x1",
    "16x-4", "1000000x1000000", "smoke,smoke", "smoke,", "dice=", "dice=nan", "dice[x]=1", "=0.5", "synthetic@frames=0",
    "synthetic@frames=-1", "synthetic@frames=x", "synthetic@", "synthetic:frames", "video:frames", "endovis17:frames",
    "cholecseg8k:missing", "folder:frames.csv", "tiny-resnet/mmoe@width=0", "tiny-resnet/nothing", "tiny-resnet",
    "timm:nothing/mmoe", "0mm", "1.5mm", "-2px", "1e99px", "nanpx",
)  # fmt: skip

SLOW = {
    *("epochs", "seeds", "count", "replicates", "devices", "nodes", "workers", "bootstrap", "resamples", "limit"),
    *("engine", "address", "batch_size", "max_instruments", "gallery_frames"),
}
"""Options where a large value is a request for a long computation: they get small and impossible values only."""

SMALL = ("0", "-1", "x", "", "nan", "1.5", "1e309", "99999999999999999999999999", "1")

BASES: dict[str, tuple[str, ...]] = {
    "evaluate": (*EVALUATE, *LIGHT, "--gallery-frames", "0", "--out", "out", "--limit", "1"),
    "train": (
        *("train", "--data", "frames", "--epochs", "1", "--augment", "none", "--logger", "none", "--out", "out"),
        *("--model", "tiny-resnet/mmoe"),
    ),
    "report": ("report", "run", "--format", "md", "--out", "out"),
    "compare": ("compare", "run", "--out", "out"),
    "verify": ("verify", "run"),
    "merge": ("merge", "shards/1", "shards/2", "--out", "out", "--format", "none"),
    "sample-size": ("sample-size", "run", "--half-width", "5"),
    "leaderboard": ("leaderboard", ".", "--allow-unverified", "--out", "out"),
    "reproduce": ("reproduce", "table2", "--synthetic", "--quick", "--dry-run", "--out", "out"),
    "synthesize": ("synthesize", "--instruments", "frames", "--background", "frames", "--count", "1", "--out", "out"),
    "corrupt": ("corrupt", "frames", "out", "--corruption", "contrast", "--severity", "1"),
    "preview": ("preview", "frames/image/f0.png", "--corruption", "contrast", "--out", "out.png"),
    "export": ("export", "checkpoint", "--out", "out.pt2", "--size", "32x32"),
    "models": ("models", "--model", "tiny-resnet/mmoe"),
    "corruptions": ("corruptions",),
}
"""Command -> arguments with which it succeeds."""

WEIGHTS = {"evaluate": 8, "train": 4, "synthesize": 3}


@dataclass(frozen=True)
class OptionCase:
    """A command with one or two options of odd values, or with odd words.

    Attributes:
        number: seed of the values.
        base: folder with the files that the commands read.
    """

    number: int
    base: Path

    @property
    def name(self) -> str:
        """Unique, and enough to repeat the case."""
        return f"options-{self.number}"

    def build(self, folder: Path) -> Sequence[str]:
        """Copy the files and select the values."""
        random_ = random.Random(f"options{self.number}")
        copy_base(self.base, folder, "frames", "light.py", "frames.csv", "run", "shards", "checkpoint")
        commands = list(BASES)
        command = random_.choices(commands, [WEIGHTS.get(name, 1) for name in commands])[0]
        words = list(BASES[command])
        if random_.random() < 0.12:
            positions = [index for index, word in enumerate(words) if not word.startswith("out")]
            words[random_.choice(positions)] = random_.choice(TEXTS)
            return words if words[0] in BASES else [words[0]]
        options = _options(command)
        return words + (_with_value(random_.choice(options), random_) if options else [random_.choice(TEXTS)])

    def check(self, done: Done) -> str:
        """An accepted evaluation is complete."""
        code, words = done.reply.code, list(done.arguments)
        if code in (0, 3) and words[:1] == ["evaluate"] and (done.folder / "out" / "results.parquet").is_file():
            return accepted_problem(done.folder / "out", code)
        return "" if code != 1 or words[:1] == ["verify"] else f"exit code 1: {done.reply.stderr[-200:]!r}"


def _options(command: str) -> list[Any]:
    """The options of a command but for help and the output, which must stay in the folder of the case."""
    parameters = import_module("robustbench_endo.cli").main.commands[command].params
    return [
        each for each in parameters if each.param_type_name == "option" and each.name not in ("help", "out", "config")
    ]


def _with_value(option: Any, random_: random.Random) -> list[str]:
    if option.is_flag:
        return [random_.choice(option.opts)]
    return [random_.choice(option.opts), random_.choice(SMALL if option.name in SLOW else TEXTS)]


def option_cases(base: Path, scale: float) -> list[OptionCase]:
    """The inputs that are command lines."""
    return [OptionCase(number, base) for number in range(max(1, round(N_CASES * scale)))]
