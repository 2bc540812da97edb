"""Run folders from others: links, foreign pages and paths that lead out of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from fuzz_files import rehash_run
from inprocess import Done
from small_files import copy_base
from trap_cases import SECRET, TrapCase, secret_in_output, written_texts

LEADERBOARD = ("leaderboard", "runs", "--allow-unverified", "--out", "out")
LINKED_FILES = ("report.html", "report.pdf", "run.json", "results.parquet", "summary.csv", "gallery/index.json")
LINKED_FOLDERS = ("gallery", "records", "gallery/0")

Edit = Callable[[Path, Path], None]
"""(run folder, folder with the secret) -> None."""


def _secret_folder(folder: Path) -> Path:
    """A folder next to the runs with secret files of all names."""
    secret = folder.parent / "secret"
    for name in (*LINKED_FILES, "gallery/0/clean-0.webp", "records/chunk-00000.parquet"):
        (secret / name).parent.mkdir(parents=True, exist_ok=True)
        (secret / name).write_text(f"<html><script>{SECRET}</script></html>")
    return secret


def _set(edit: Edit, words: Sequence[str], base: Path, folder: Path) -> Sequence[str]:
    copy_base(base, folder / "runs", "run")
    edit(folder / "runs" / "run", _secret_folder(folder))
    return words


def _link_file(name: str, run: Path, secret: Path) -> None:
    (run / name).unlink(missing_ok=True)
    (run / name).symlink_to(secret / name)
    rehash_run(run)


def _link_folder(name: str, run: Path, secret: Path) -> None:
    (run / name).rename(run.parent / name.replace("/", "-"))
    (run / name).symlink_to(secret / name)
    rehash_run(run)


def _link_run(run: Path, secret: Path) -> None:
    run.rename(run.parent.parent / "elsewhere")
    run.symlink_to(run.parent.parent / "elsewhere")
    (run.parent / "secret").symlink_to(secret)


def _loop(run: Path, secret: Path) -> None:
    (run / "loop").symlink_to(run.parent)


def _foreign_report(run: Path, secret: Path) -> None:
    (run / "report.html").write_text(f"<html><script>{SECRET}</script></html>")


def _gallery_path(target: str, run: Path, secret: Path) -> None:
    path = run / "gallery" / "index.json"
    index = json.loads(path.read_text("utf-8"))
    for part in ("frames", "worst"):
        for entry in index.get(part, ()):
            entry["folder"] = target.format(secret=secret)
    path.write_text(json.dumps(index), "utf-8")
    rehash_run(run)


def _fifo(name: str, run: Path, secret: Path) -> None:
    (run / name).unlink(missing_ok=True)
    os.mkfifo(run / name)


def _page_policy(done: Done) -> str:
    """Every page of a site has a content security policy, and no secret is in the site."""
    pages = {name: content for name, content in written_texts(done.folder / "out").items() if name.endswith(".html")}
    without = [name for name, content in pages.items() if b"Content-Security-Policy" not in content]
    if done.reply.code == 0 and not pages:
        return "no page"
    return secret_in_output(done) or (f"{without[0]} without content security policy" if without else "")


def folder_traps(base: Path) -> list[TrapCase]:
    """All traps in run folders, met by ``leaderboard`` and ``report``."""
    edits: dict[str, Edit] = {
        **{f"link-{name.replace('/', '-')}": partial(_link_file, name) for name in LINKED_FILES},
        **{f"link-{name.replace('/', '-')}": partial(_link_folder, name) for name in LINKED_FOLDERS},
        "link-run": _link_run,
        "loop": _loop,
        "foreign-report": _foreign_report,
        **{
            f"gallery-{n}": partial(_gallery_path, text)
            for n, text in enumerate(("../../../secret/gallery/0", "{secret}", ".."))
        },
        "fifo-report.html": partial(_fifo, "report.html"),
        "fifo-run.json": partial(_fifo, "run.json"),
    }
    report = ("report", "runs/run", "--format", "html", "--out", "out")
    sites = [
        TrapCase("site", label, base, partial(_set, edit, LEADERBOARD), (0, 2), _page_policy)
        for label, edit in edits.items()
    ]
    reports = [
        TrapCase("folder", label, base, partial(_set, edit, report), (0, 2), secret_in_output)
        for label, edit in edits.items()
        if label not in ("link-run", "loop")
    ]
    return [*sites, *reports]
