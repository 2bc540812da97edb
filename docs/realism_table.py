"""The outcome of ``benchmarks/bench_realism.py`` as Markdown tables in docs/realism.md.

``python docs/realism_table.py --write`` puts the tables between the two comments of the page.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "benchmarks" / "results" / "realism.json"
PEERS = ROOT / "benchmarks" / "results" / "smoke_peers.json"
PAGE = ROOT / "docs" / "realism.md"
BEGIN, END = "<!-- tables: python docs/realism_table.py --write -->", "<!-- end of the tables -->"

GROUP = "held-out"
POOLED = "severities 2-4"
LABELS = {
    "airlight_red": "airlight, red",
    "airlight_green": "airlight, green",
    "airlight_blue": "airlight, blue",
    "tau_green_red": "optical depth, green / red",
    "tau_blue_red": "optical depth, blue / red",
    "depth_mean": "optical depth, mean",
    "depth_p90": "optical depth, 90th percentile",
    "lightness_rise": "rise of L*, mean",
    "lightness_rise_p90": "rise of L*, 90th percentile",
    "a_per_lightness": "change of a* per L*",
    "b_per_lightness": "change of b* per L*",
    "rise_mean": "rise of the channels, mean",
    "rise_variation": "its variation within a frame",
    "gradient_median": "its gradient, median",
    "gradient_p95": "its gradient, 95th percentile",
    "spectral_slope": "its spectral slope",
}
"""Statistic -> name in the table."""

Values = Sequence[float | None]


def tables() -> str:
    """All tables with their headings."""
    result = json.loads(RESULT.read_text("utf-8"))
    result["smoke"] = with_peers(result["smoke"], json.loads(PEERS.read_text("utf-8")))
    parts: Sequence[tuple[str, Callable[[Mapping[str, Any]], str], str]] = (
        ("Smoke beside real smoke", smoke_table, "smoke"),
        ("Smoke by severity", severity_table, "smoke"),
        ("Smoke in other scenes", scene_table, "smoke"),
        ("Real against synthetic (AUC)", auc_table, "smoke"),
        ("Order of the severities", order_table, "monotone"),
        ("The scope's surround", surround_table, "surround"),
    )
    return "\n\n".join(f"### {title}\n\n{table(result[section])}" for title, table, section in parts)


def with_peers(section: Mapping[str, Any], peers: Mapping[str, Any]) -> dict[str, Any]:
    """The smoke section with the columns of ``benchmarks/smoke_peers.py``, which other environments measure."""
    tables = {group: table | peers["tables"].get(group, {}) for group, table in section["tables"].items()}
    return {
        **section,
        "tables": tables,
        "auc_by_scene": section["auc_by_scene"] | peers["auc_by_scene"],
        "not_installed": [name for name in section["not_installed"] if name not in peers["peers"]],
    }


def smoke_table(section: Mapping[str, Any]) -> str:
    """Real smoke, severities 2 to 4 together and other packages, with intervals, on sequences that were not fitted."""
    table = section["tables"][GROUP]
    columns = [name for name in table if not name.startswith("severity ")]
    rows = [[label, *(cell(table[name][key]) for name in columns)] for key, label in LABELS.items()]
    inside = [_inside(table, name) if name != "real" else "" for name in columns]
    rows.append([f"**inside the real interval, of {len(LABELS)}**", *inside])
    note = f"{len(section['sequences'][GROUP])} sequences that were not fitted."
    if section["not_installed"]:
        note += f" Not installed, hence not measured: {', '.join(section['not_installed'])}."
    return f"{note}\n\n{markdown(['statistic', *map(_title, columns)], rows)}"


def _inside(table: Mapping[str, Any], name: str) -> str:
    """Number of values within the interval of the real ones."""
    count = 0
    for key in LABELS:
        value, (_, low, high) = table[name][key][0], table["real"][key]
        count += None not in (value, low, high) and low <= value <= high
    return f"**{count}**"


def severity_table(section: Mapping[str, Any]) -> str:
    """Real smoke and each severity, without intervals."""
    table = section["tables"][GROUP]
    columns = ["real", *(name for name in table if name.startswith("severity "))]
    rows = [[label, *(cell(table[name][key][:1]) for name in columns)] for key, label in LABELS.items()]
    return markdown(["statistic", *columns], rows)


def scene_table(section: Mapping[str, Any]) -> str:
    """Real smoke and ours in scenes of which no sequence was fitted, without intervals: too few scenes for these."""
    table = section["tables"]["other scenes"]
    columns = ["real", POOLED]
    rows = [[label, *(cell(table[name][key][:1]) for name in columns)] for key, label in LABELS.items()]
    note = f"Only {' and '.join(section['sequences']['other scenes'])}, too few for intervals."
    return f"{note}\n\n{markdown(['statistic', *map(_title, columns)], rows)}"


def auc_table(section: Mapping[str, Any]) -> str:
    """Area under the curve of the classifier, all sequences and scenes, and the sequences that were not fitted."""
    every, held_out, scenes = section["tables"]["all"], section["tables"][GROUP], section["auc_by_scene"]
    columns = {
        f"all {len(section['sequences']['all'])} sequences": {name: every[name]["auc"] for name in scenes},
        f"all {section['scenes']} scenes": scenes,
        f"the {len(section['sequences'][GROUP])} held-out sequences": {name: held_out[name]["auc"] for name in scenes},
    }
    rows = [[_title(name), *(cell(values[name]) for values in columns.values())] for name in scenes]
    return markdown(["frames", *columns], rows)


def order_table(section: Mapping[str, Any]) -> str:
    """Means at severities 1 and 5, whether all steps between are strict, and steps of single frames that are not."""
    rows = []
    for name, measures in section["corruptions"].items():
        ends = [f"{item['mean'][0]:.3g} to {item['mean'][-1]:.3g}" for item in measures.values()]
        monotone = [key.upper() for key, item in measures.items() if not item["monotone"]]
        violations, steps = (sum(item[key] for item in measures.values()) for key in ("violations", "steps"))
        rows.append(
            [f"`{name}`", *ends, f"no: {', '.join(monotone)}" if monotone else "yes", f"{violations} of {steps}"]
        )
    header = [
        "corruption",
        "SSIM, severity 1 to 5",
        "PSNR (dB)",
        "GMSD",
        "means strictly monotone",
        "violations by frame",
    ]
    return markdown(header, rows)


def surround_table(section: Mapping[str, Any]) -> str:
    """Frames without a surround that get a content area, and changes of a real surround."""
    scopes = section["scopes"]
    changes = scopes["largest_change"]
    changed = {name: change for name, change in changes.items() if change}
    rows = [[f"`{name}`", str(change)] for name, change in changed.items()]
    rows.append([f"each of the other {len(changes) - len(changed)}", "0"])
    return (
        f"A content area is detected in {section['with_area']} of {section['frames']} real frames without a surround.\n"
        f"Largest change of a pixel of the surround in {len(scopes['frames'])} real frames with one, severity "
        f"{scopes['severity']}:\n\n{markdown(['corruption', 'levels of 255'], rows)}"
    )


def cell(values: Values) -> str:
    """A value with its interval; a dash without a value."""
    if values[0] is None:
        return "–"
    if len(values) == 1 or None in values:
        return f"{values[0]:.2f}"
    return "{:.2f} [{:.2f}, {:.2f}]".format(*values)


def _title(column: str) -> str:
    return f"`smoke` {column.removeprefix('severities ')}" if column == POOLED else column


def markdown(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table; the first column is text, the others are numbers."""
    titles = list(header)
    lines = [titles, ["---", *["---:"] * (len(titles) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def page_with_tables(text: str) -> str:
    """The page with the current tables between the comments."""
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n\n{tables()}\n\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page_with_tables(PAGE.read_text("utf-8")), "utf-8")
    else:
        sys.stdout.write(f"{tables()}\n")
