"""A finished run, edited in one way at a time: every command that reads it refuses it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commands import expect_success
from inprocess import Done, Verdict, run_cases
from outcome import SoakResult, Tally
from small_files import RUN, base_files, copy_base

Edit = Callable[[Path, Path], object]
"""(run folder, base files) -> anything: it is called for its effect."""

COMMANDS: dict[str, tuple[Sequence[str], tuple[int, ...]]] = {
    "report": (("report", "runs/run", "--format", "md", "--out", "out"), (2,)),
    "compare": (("compare", "runs/run", "runs/intact", "--out", "out"), (2,)),
    "merge": (("merge", "runs/run", "--out", "out", "--format", "none"), (2,)),
    "sample-size": (("sample-size", "runs/run", "--half-width", "5"), (2,)),
    "leaderboard": (("leaderboard", "runs", "--allow-unverified", "--out", "out"), (0,)),
    "verify": (("verify", "runs/run"), (1, 2)),
}
"""Command -> arguments and the exit codes of a refusal; ``leaderboard`` names the run and the reason."""


def edit_table(change: Callable[[Any], Any], name: str = "results.parquet") -> Edit:
    """Change a table of the run as a data frame and write it with the same schema."""

    def edit(run: Path, base: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pq.read_schema(run / name)
        frame = change(pq.read_table(run / name).to_pandas())
        pq.write_table(pa.Table.from_pandas(frame, schema=schema, preserve_index=False), run / name)

    return edit


def edit_info(change: Callable[[dict[str, Any]], object]) -> Edit:
    """Change run.json."""

    def edit(run: Path, base: Path) -> None:
        info = json.loads((run / "run.json").read_text("utf-8"))
        change(info)
        (run / "run.json").write_text(json.dumps(info, indent=1), "utf-8")

    return edit


def _better(frame: Any) -> Any:
    frame.loc[0, "dice_mean"] = min(1.0, frame.loc[0, "dice_mean"] + 0.01)
    return frame


def _swap_chunks(run: Path, base: Path) -> None:
    first, second = (run / "records" / f"chunk-0000{number}.parquet" for number in (0, 1))
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)


def _other_image(run: Path, base: Path) -> None:
    """Models may predict the same: the image is replaced by one that differs."""
    first, *others = sorted((run / "gallery").rglob("*.webp"))
    first.write_bytes(next(path for path in others if path.read_bytes() != first.read_bytes()).read_bytes())


def _truncate(name: str) -> Edit:
    return lambda run, base: (run / name).write_bytes((run / name).read_bytes()[:-100])


def _other_run(name: str) -> Edit:
    return lambda run, base: shutil.copy2(base / "other" / name, run / name)


def _images(run: Path) -> list[Path]:
    return sorted((run / "gallery").rglob("*.png"))


def _edit_image(run: Path, base: Path) -> None:
    from PIL import Image

    with Image.open(_images(run)[0]) as image:
        image.point(lambda value: 1 - min(value, 1)).save(_images(run)[0])


def _edit_summary(run: Path, base: Path) -> None:
    text = (run / "summary.csv").read_text("utf-8")
    (run / "summary.csv").write_text(re.sub(r"(\d+\.\d)", r"9\1", text, count=1), "utf-8")


def _delete(name: str) -> Edit:
    return lambda run, base: (run / name).unlink()


EDITS: Mapping[str, Edit] = {
    "value in results.parquet": edit_table(_better),
    "row deleted": edit_table(lambda frame: frame.iloc[1:]),
    "row twice": edit_table(lambda frame: frame.iloc[[0, *range(len(frame))]]),
    "model renamed in results.parquet": edit_table(lambda frame: frame.assign(model="better")),
    "chunks swapped": _swap_chunks,
    "value in a chunk": edit_table(_better, "records/chunk-00000.parquet"),
    "row of a chunk deleted": edit_table(lambda frame: frame.iloc[1:], "records/chunk-00001.parquet"),
    "chunk deleted": _delete("records/chunk-00001.parquet"),
    "chunk truncated": _truncate("records/chunk-00000.parquet"),
    "chunk of another run": _other_run("records/chunk-00000.parquet"),
    "results.parquet truncated": _truncate("results.parquet"),
    "results.parquet of another run": _other_run("results.parquet"),
    "run.json of another run": _other_run("run.json"),
    "seed": edit_info(lambda info: info.update(seed=1)),
    "model name": edit_info(lambda info: info["models"][0].update(name="better")),
    "model removed": edit_info(lambda info: info.update(models=[])),
    "suite hash": edit_info(lambda info: info["suite"].update(hash="0" * 64)),
    "time of the end": edit_info(lambda info: info.update(finished="2020-01-01T00:00:00+00:00")),
    "failures": edit_info(lambda info: info["failures"].append({"id": "x", "reason": "y"})),
    "note": edit_info(lambda info: info["notes"].append("Validated clinically.")),
    "summary.csv": _edit_summary,
    "summary.csv deleted": _delete("summary.csv"),
    "gallery image": _edit_image,
    "gallery image added": lambda run, base: shutil.copy2(_images(run)[0], run / "gallery" / "0" / "new.png"),
    "gallery image renamed": lambda run, base: _images(run)[0].rename(_images(run)[0].with_name("new.png")),
    "gallery image of another condition": _other_image,
}
"""Kind of tampering -> how it is done."""


@dataclass(frozen=True)
class TamperingCase:
    """One edit and one command.

    Attributes:
        number: of the edit.
        edit: name of the edit; empty for the intact run.
        command: name of the command.
        base: folder with the intact run.
    """

    number: int
    edit: str
    command: str
    base: Path

    @property
    def name(self) -> str:
        """Unique in the section."""
        return f"{self.number}-{self.command}"

    def build(self, folder: Path) -> Sequence[str]:
        """Edit a copy of the run; another copy stays intact."""
        copy_base(self.base, folder / "runs", "run")
        shutil.copytree(self.base / "second", folder / "runs" / "intact")
        if self.edit:
            EDITS[self.edit](folder / "runs" / "run", self.base)
        return COMMANDS[self.command][0]

    def check(self, done: Done) -> str:
        """A refusal, in the way of the command; success on the intact run."""
        code = done.reply.code
        if not self.edit:
            return "" if code == 0 else f"intact run: exit code {code}: {done.reply.stderr.strip()[-200:]}"
        if code not in COMMANDS[self.command][1]:
            return f"{self.edit}: exit code {code}"
        if self.command == "leaderboard":
            return _board_problem(done.folder / "out" / "index.html", self.edit)
        return ""


def _board_problem(page: Path, edit: str) -> str:
    """The site names the edited run among those that are not listed."""
    refused = page.read_text("utf-8").partition('id="refused"')[2] if page.is_file() else ""
    return "" if ">run<" in refused else f"{edit}: {page.name} does not name the run as refused"


def run(folder: Path, scale: float) -> list[SoakResult]:
    """Every edit, refused by every command; an edit counts as refused if all of them refuse it."""
    tally = Tally("tampering")
    base = Path(shutil.copytree(base_files(), folder / "base"))
    shutil.copytree(base / "run", base / "second")
    expect_success([*RUN, "--seed", "7", "--model", "third=light.py:build", "--out", "other"], base)
    selected = list(EDITS)[: max(2, round(len(EDITS) * min(1.0, scale)))]
    cases = [TamperingCase(n, edit, command, base) for n, edit in enumerate(["", *selected]) for command in COMMANDS]
    verdicts = {verdict.name: verdict for verdict in run_cases(cases, folder / "cases")}
    for number in range(len(selected) + 1):
        add_edit(tally, [verdicts[case.name] for case in cases if case.number == number])
    return [tally.outcome(f"{len(selected)} kinds and the intact run, each with {', '.join(COMMANDS)}")]


def add_edit(tally: Tally, verdicts: Sequence[Verdict]) -> None:
    """Count one kind of tampering."""
    tally.add("; ".join(verdict.problem for verdict in verdicts if verdict.problem))
