"""Fuzzed files: which file of which kind is damaged how, and which command reads it."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuzz_files import damage_archive, odd_image, rehash_run, swap_file
from inprocess import Done
from mutations import BYTES, JSON, TEXT, change_table, damage_file
from small_files import EVALUATE, LIGHT, RUN, copy_base

Build = Callable[[Path, Path, random.Random], Sequence[str]]
"""(base files, folder of the case, randomness) -> arguments."""

CLEAN = (*EVALUATE, "--gallery-frames", "0", "--out", "out")
ANALYSES = (
    ("report", "run", "--format", "md,csv", "--out", "out"), ("compare", "run", "--out", "out"), ("verify", "run"),
    ("sample-size", "run", "--half-width", "5"),
    ("leaderboard", ".", "--allow-unverified", "--out", "out"), ("merge", "run", "--out", "out", "--format", "none"),
)  # fmt: skip


@dataclass(frozen=True)
class FuzzCase:
    """One damaged input.

    Attributes:
        kind: of the input.
        number: seed of the damage.
        base: folder with the undamaged files.
        builder: damages and selects the command.
    """

    kind: str
    number: int
    base: Path
    builder: Build

    @property
    def name(self) -> str:
        """Unique, and enough to repeat the case."""
        return f"{self.kind}-{self.number}"

    def build(self, folder: Path) -> Sequence[str]:
        """Copy and damage the files."""
        return self.builder(self.base, folder, random.Random(f"{self.kind}{self.number}"))

    def check(self, done: Done) -> str:
        """An accepted evaluation has every record once; analyses accept a damaged table only where nothing changed."""
        code, command = done.reply.code, done.arguments[0]
        if code == 1 and command != "verify":
            return f"exit code 1: {done.reply.stderr[-200:]!r}"
        if code in (0, 3) and command == "evaluate" and "--print-config" not in done.arguments:
            return accepted_problem(done.folder / "out" if "out" in done.arguments else done.folder / "run", code)
        if code == 0 and self.kind == "results" and command not in ("leaderboard",):
            return f"{command} accepted a changed results.parquet"
        return ""


def accepted_problem(out: Path, code: int) -> str:
    """What is wrong with the run that an evaluation wrote: records missing or twice, values outside their range."""
    import pyarrow.parquet as pq

    if not (out / "results.parquet").is_file():
        return f"exit code {code} without results.parquet"
    info = json.loads((out / "run.json").read_text("utf-8"))
    columns = ["model", "image_id", "corruption", "severity", "iou_mean", "dice_mean"]
    rows = pq.read_table(out / "results.parquet", columns=columns).to_pylist()
    keys = Counter((row["model"], row["image_id"], row["corruption"], row["severity"]) for row in rows)
    frames = Counter((key[0], *key[2:]) for key in keys)
    failed = len({failure["id"] for failure in info["failures"]})
    values = [row[name] for row in rows for name in ("iou_mean", "dice_mean") if row[name] is not None]
    if max(keys.values()) > 1:
        return "records twice"
    if len(set(frames.values())) != 1 or max(frames.values()) + failed < info["data"]["frames"]:
        return f"records of {dict(frames)} with {failed} failures of {info['data']['frames']} frames"
    if (code == 3) != bool(info["failures"]):
        return f"exit code {code} with {failed} failures"
    return "" if all(not value < 0 and not value > 1 for value in values) else "values outside 0 to 1"


def _images(base: Path, folder: Path, random_: random.Random, kind: str = "image") -> Sequence[str]:
    copy_base(base, folder, "frames", "light.py")
    files = sorted((folder / "frames" / kind).iterdir())
    path, way = random_.choice(files), random_.random()
    if way < 0.3:
        odd_image(path, random_)
    elif way < 0.4:
        swap_file(path, base, random_)
    else:
        damage_file(path, BYTES, random_)
    commands = [
        [*CLEAN, *LIGHT], [*CLEAN, *LIGHT], ["datasets", "check", "frames"],
        ["corrupt", "frames", "out", "--corruption", "contrast", "--severity", "2"],
        ["preview", str(path.relative_to(folder)), "--corruption", "contrast", "--out", "out.png"],
    ]  # fmt: skip
    return commands[random_.randrange(len(commands))]


def _masks(base: Path, folder: Path, random_: random.Random) -> Sequence[str]:
    return _images(base, folder, random_, "mask")


def _manifests(base: Path, folder: Path, random_: random.Random) -> Sequence[str]:
    copy_base(base, folder, "frames", "light.py", "frames.csv")
    damage_file(folder / "frames.csv", TEXT, random_)
    data = ["--data", "frames.csv"]
    return ["datasets", "check", "frames.csv"] if random_.random() < 0.3 else [*CLEAN, *LIGHT, *data]


def _suites(base: Path, folder: Path, random_: random.Random) -> Sequence[str]:
    copy_base(base, folder, "frames", "light.py", "suite.toml")
    damage_file(folder / "suite.toml", TEXT, random_)
    severity = str(random_.randint(1, 5))
    return [*CLEAN, *LIGHT, "--suite", "suite.toml", "--corruption", "all", "--severity", severity, "--limit", "1"]


def _adapters(base: Path, folder: Path, random_: random.Random) -> Sequence[str]:
    copy_base(base, folder, "frames", "light.py", "traced.pt", "adapter.toml")
    damage_file(folder / "adapter.toml", TEXT, random_)
    source = random_.choice(("light.py:build", "traced.pt"))
    return [*CLEAN, "--model", f"m={source}#adapter.toml"]


def _settings(base: Path, folder: Path, random_: random.Random) -> Sequence[str]:
    copy_base(base, folder, "frames", "light.py", "config.toml")
    name = random_.choice(("config.toml", "frames/classes.txt", "frames/labels.toml"))
    if name.endswith("labels.toml"):
        (folder / name).write_text('[labels]\nbackground = 0\ngrasper = 1\nscissors = "2-9"\nignore = 255\n')
    damage_file(folder / name, TEXT, random_)
    return ["evaluate", "--config", "config.toml", "--out", "out", "--format", "none"]


def _run_json(base: Path, folder: Path, random_: random.Random) -> Sequence[str]:
    copy_base(base, folder, "run", "frames", "light.py")
    damage_file(folder / "run" / "run.json", random_.choice((JSON, JSON, BYTES)), random_)
    if random_.random() < 0.6:
        rehash_run(folder / "run")
    if random_.random() < 6 / 7:
        return random_.choice(ANALYSES)
    (folder / "run").rename(folder / "out")
    return [*RUN, "--out", "out"]


def _results(base: Path, folder: Path, random_: random.Random) -> Sequence[str]:
    copy_base(base, folder, "run")
    path = folder / "run" / "results.parquet"
    before = path.read_bytes()
    while path.read_bytes() == before:
        if random_.random() < 0.5:
            change_table(path, random_)
        else:
            damage_file(path, BYTES, random_)
    return random_.choice(ANALYSES[:5])


def _forged_results(base: Path, folder: Path, random_: random.Random) -> Sequence[str]:
    arguments = _results(base, folder, random_)
    rehash_run(folder / "run")
    return arguments


def _chunks(base: Path, folder: Path, random_: random.Random) -> Sequence[str]:
    part = random_.choice(("run", "run", "shards/1"))
    copy_base(base, folder, "run", "frames", "light.py", "shards")
    path = random_.choice(sorted((folder / part / "records").iterdir()))
    if random_.random() < 0.3:
        change_table(path, random_)
    else:
        damage_file(path, BYTES, random_)
    if part != "run":
        return ["merge", "shards/1", "shards/2", "--out", "out", "--format", "none"]
    shutil.copytree(folder / "run", folder / "out")
    return random_.choice((["verify", "run"], [*RUN, "--out", "out"]))


def _checkpoints(base: Path, folder: Path, random_: random.Random) -> Sequence[str]:
    copy_base(base, folder, "checkpoint", "frames")
    name = random_.choice(("model.safetensors", "model.json", "state.pt"))
    damage_file(folder / "checkpoint" / name, {"model.json": JSON}.get(name, BYTES), random_)
    if name != "state.pt":
        return [*CLEAN, "--model", "checkpoint"]
    (folder / "checkpoint").rename(folder / "out")
    train = ("--model", "tiny-resnet/mmoe", "--epochs", "1", "--augment", "none", "--logger", "none")
    return ["train", "--data", "frames", *train, "--out", "out"]


def _models(base: Path, folder: Path, random_: random.Random) -> Sequence[str]:
    name = random_.choice(("exported.pt2", "traced.pt"))
    copy_base(base, folder, "frames", name)
    if random_.random() < 0.5:
        damage_archive(folder / name, random_)
    else:
        damage_file(folder / name, BYTES, random_)
    return [*CLEAN, "--model", f"m={name}"]


KINDS: dict[str, tuple[int, Build]] = {
    "images": (280, _images),
    "masks": (180, _masks),
    "manifests": (180, _manifests),
    "suites": (180, _suites),
    "adapters": (140, _adapters),
    "settings": (100, _settings),
    "run.json": (200, _run_json),
    "results": (100, _results),
    "forged-results": (40, _forged_results),
    "chunks": (100, _chunks),
    "checkpoints": (140, _checkpoints),
    "models": (120, _models),
}
"""Kind -> number of inputs, and how one is made; the options of the command line are in ``fuzz_options``."""


def file_cases(base: Path, scale: float) -> list[FuzzCase]:
    """The inputs that are files."""
    numbers: dict[str, Any] = {kind: max(1, round(number * scale)) for kind, (number, _) in KINDS.items()}
    return [FuzzCase(kind, n, base, build) for kind, (_, build) in KINDS.items() for n in range(numbers[kind])]
