"""Names that are markup of some output format, in every field that a user or a file can name."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Collection, Sequence
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

from inprocess import Done
from small_files import copy_base
from trap_cases import TrapCase, written_texts

PAYLOADS = {
    "html-tag": "<soaktrap onsoak>",
    "html-script": "</script><script>soaktrap()</script>",
    "html-attribute": '" onsoak x="',
    "html-comment": "--><soaktrap>]]><!--",
    "html-entity": "&lt;b&gt;&#60;soaktrap&#62;",
    "jinja": "{{ 7 * 191 }}{% raw %}",
    "latex": "\\soaktrap{} \\input{x} $soak^2$ %",
    "typst": '#soaktrap() #read("light.py") $x$ @soak <soak>',
    "markdown": "[a](javascript:soaktrap) ![b](x) | `c` **d**",
    "csv-equals": "=cmd|'soaktrap'!A0",
    "csv-plus": "+1+soaktrap",
    "csv-minus": "-2+soaktrap",
    "csv-at": "@SUM(soaktrap)",
    "csv-tab": "\t=soaktrap",
    "terminal": "[bold red]soaktrap[/bold red][link=x]y[/link]",
    "terminal-escape": "\x1b]0;soaktrap\x07\x1b[2J",
    "newline": "x\n\\soaktrap{} <soaktrap>\n=1+soaktrap\n",
    "percent": "%s %n {0} %(x)s",
    "direction": "\u202esoaktrap\u202c",
}
"""Label -> text that is markup, a formula or a control sequence somewhere."""

FIELDS = ("model", "class", "activity", "suite", "image", "subject", "folder", "note")
FORMATS, QUICK = "html,pdf,latex,md,csv,figures", "html,latex,md,csv"


def _name(text: str, field: str) -> str:
    """The payload in a field; paths cannot contain slashes."""
    name = f"{text}{FIELDS.index(field)}"
    return name.replace("/", "∕") if field in ("image", "subject", "folder") else name


def _run(text: str, fields: Collection[str], formats: str, base: Path, folder: Path) -> Sequence[str]:
    """A run with the payload in some fields and a plain name in the others."""
    import tomli_w
    from PIL import Image

    names = {field: _name(text, field) if field in fields else field for field in FIELDS}
    copy_base(base, folder, "frames", "light.py")
    (folder / "frames" / "classes.txt").write_text(f"background\n{names['class']}\nscissors\n", "utf-8")
    rows = io.StringIO()
    table = csv.writer(rows, lineterminator="\n")
    table.writerow(["image", "mask", "activity", "subject"])
    for number in range(3):
        image = f"frames/image/{names['image']}{number}.png"
        with Image.open(next((folder / "frames" / "image").glob(f"f{number}.*"))) as frame:
            frame.convert("RGB").save(folder / image)
        table.writerow(
            [image, f"frames/mask/f{number}.png", ("cutting", names["activity"])[number % 2], names["subject"]]
        )
    (folder / "list.csv").write_text(rows.getvalue(), "utf-8")
    (folder / "classes.txt").write_text(f"background\n{names['class']}\nscissors\n", "utf-8")
    suite = {"name": names["suite"], "resolution": 64, "corruptions": ["contrast"]}
    (folder / "suite.toml").write_text(tomli_w.dumps(suite), "utf-8")
    return [
        *("evaluate", "--data", "list.csv", "--corruption", "contrast", "--severity", "3", "--suite", "suite.toml"),
        *(
            "--model=other=light.py:build",
            f"--model={names['model']}=light.py:build",
            f"--note={names['note']}",
            f"--out=out/{names['folder']}",
        ),
        *("--format", formats, "--gallery-frames", "1"),
    ]


class Page(HTMLParser):
    """Collects what a browser would run or show as an element because of a payload."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.effects: list[str] = []
        self.script = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Elements, handlers and links of the payloads."""
        data = dict(attrs).get("type") == "application/json"
        self.script = "" if tag != "script" or data else "script"
        if tag == "soaktrap" or any(name == "onsoak" for name, _ in attrs):
            self.effects.append(f"element {tag}")
        if any(name in ("href", "src") and (value or "").startswith("javascript:") for name, value in attrs):
            self.effects.append(f"link of {tag}")

    def handle_endtag(self, tag: str) -> None:
        """The end of a script."""
        if tag == "script":
            self.script = ""

    def handle_data(self, data: str) -> None:
        """A script with a payload."""
        if self.script and "soaktrap()" in data:
            self.effects.append("script")
        if not self.script and "1337" in data and "191" not in data and "soak" in data:
            self.effects.append("template")


def effects_in(name: str, content: bytes) -> str:
    """The effect of a payload on a file of the output, by its format."""
    text = content.decode("utf-8", "replace")
    match Path(name).suffix:
        case ".html" | ".svg":
            return ", ".join(Page(text).effects)
        case ".tex":
            code = re.sub(r"^%.*$", "", text, flags=re.M)
            return "a macro" if re.search(r"\\soaktrap|\\input\{x|(?<!\\)\$soak", code) else ""
        case ".md":
            return "markup" if re.search(r"(?<!\\)(<soaktrap|\]\(javascript:|<script>soak)", text) else ""
        case ".csv":
            cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
            formulas = [cell for cell in cells if cell.lstrip("\t\r ")[:1] in tuple("=+-@") and not _is_number(cell)]
            return f"the formula {formulas[0]!r}" if formulas else ""
    return ""


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell in ("-", "--", "–")
    return True


def effect(done: Done) -> str:
    """The first effect in the output of a run."""
    if "\x1b]" in done.reply.stdout + done.reply.stderr or "\x1b[2J" in done.reply.stdout + done.reply.stderr:
        return "a control sequence on the terminal"
    for name, content in written_texts(done.folder / "out").items():
        if problem := effects_in(name, content):
            return f"{problem} in {name}"
    return ""


def field_traps(base: Path) -> list[TrapCase]:
    """Every payload in every field by itself, because some are refused in some fields."""
    return [
        TrapCase("name", f"{label}-{field}", base, partial(_run, PAYLOADS[label], (field,), QUICK), (0, 2), effect)
        for label in PAYLOADS
        for field in FIELDS
    ]


def combined_traps(base: Path, accepted: Collection[str]) -> list[TrapCase]:
    """Every payload in all fields that accept it, with the reports of all formats.

    Args:
        base: folder with undamaged files.
        accepted: names of the traps of :func:`field_traps` whose command succeeded.
    """
    fields = {label: [field for field in FIELDS if f"name-{label}-{field}" in accepted] for label in PAYLOADS}
    return [
        TrapCase("names", label, base, partial(_run, PAYLOADS[label], fields[label], FORMATS), (0,), effect)
        for label in PAYLOADS
        if fields[label]
    ]


SITE_RUNS = 3


def site_traps(runs: Path) -> list[TrapCase]:
    """Commands that read runs with such names, some together and one by one."""
    labels = [path.name for path in sorted(runs.iterdir())]
    groups = [labels[start : start + SITE_RUNS] for start in range(0, len(labels), SITE_RUNS)]
    sites = [TrapCase("site", f"of-{group[0]}", runs, partial(_some_runs, group), (0,), effect) for group in groups]
    commands = {
        "compare": ("compare", "run", "--out", "out"),
        "report": ("report", "run", "--robustness", "--out", "out"),
    }
    return sites + [
        TrapCase(command, label, runs, partial(_one_run, words, label), (0,), effect)
        for label in labels
        for command, words in commands.items()
    ]


def _some_runs(labels: Sequence[str], base: Path, folder: Path) -> Sequence[str]:
    for label in labels:
        shutil.copytree(base / label, folder / "runs" / label)
    return ["leaderboard", "runs", "--allow-unverified", "--out", "out"]


def _one_run(words: Sequence[str], label: str, base: Path, folder: Path) -> Sequence[str]:
    shutil.copytree(next((base / label).iterdir()), folder / "run")
    return words
