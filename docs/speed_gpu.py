"""Sections of docs/speed.md, and the page of benchmarks/gpu_all.py: what was measured on a GPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from speed_parts import table

Result = Mapping[str, Any]
Lines = Iterator[str]

GAP = "–"
"""Stands for a number that was not measured."""


def measured(result: Result) -> Lines:
    """gpu_all: a table of the targets, then what the parts have measured."""
    if result.get("quick"):
        yield "**A check of the code with tiny inputs: the numbers mean nothing.**\n"
    yield f"{result.get('device', 'Unknown device')}.\n"
    yield from target_table(result["targets"])
    parts = result["parts"]
    sections: tuple[tuple[str, str, Callable[[Result], Lines]], ...] = (
        ("device", "Ceilings", _ceilings),
        ("tests", "Tests marked gpu", _tests),
        ("corruptions", "Corruptions", lambda part: _corruptions(part, parts)),
        ("agreement", "Agreement with the CPU", _agreement),
        ("metrics", "Metrics", _metrics),
        ("kernels", "Triton kernels versus plain torch", _kernels),
        ("evaluation", "Evaluation versus forward passes", _evaluation),
        ("compiled", "The same with --compile", _evaluation),
        ("training", "Training", _values),
        ("inference", "Inference", _values),
    )
    for name, title, section in sections:
        yield f"\n### {title}\n"
        part = parts.get(name)
        if part is None:
            yield "Not measured."
            continue
        if "error" in part:
            yield f"Not complete: {part['error'].strip().splitlines()[-1]}\n"
        try:
            yield from list(section(part))
        except (KeyError, ValueError):  # a part that was stopped has only some of its numbers
            yield "No numbers."


def target_table(targets: list[Result]) -> Lines:
    """Each target with its value."""
    rows = [
        (
            row["name"],
            f"{row['sign']} {row['limit']:g}",
            number(row["value"]),
            "met" if row["met"] else "not measured" if row["value"] is None else "**missed**",
        )
        for row in targets
    ]
    yield from table(("", "target", "measured", ""), rows)


def number(value: float | None) -> str:
    """At least four digits: 99.9971, 12,345, 0.0123."""
    if value is None:
        return GAP
    if value and abs(value) < 1:
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.6g}"


def _ceilings(part: Result) -> Lines:
    names = {"copy_tb_s": "copy, TB/s", "bf16_tflop_s": "bf16, TFLOP/s", "fp32_tflop_s": "fp32, TFLOP/s"}
    yield from table(("", "measured"), [(names[name], number(value)) for name, value in part["ceilings"].items()])


def _tests(part: Result) -> Lines:
    yield f"{part['passed']} passed, {len(part['failed'])} failed, {sum(part['skipped'].values())} skipped.\n"
    for name, message in part["failed"].items():
        yield f"* {name}: {' '.join(message.split())[:200]}"
    for reason, count in part["skipped"].items():
        yield f"* {count} skipped: {reason}"


def _corruptions(part: Result, parts: Result) -> Lines:
    ceiling = parts.get("device", {}).get("ceilings", {}).get("copy_tb_s")
    yield f"{part['side']} x {part['side']} px, {part['batch']} frames at a time. Bytes are those of arguments and"
    yield "results of all operations; the last column compares them with the bandwidth of a copy.\n"
    rows = []
    for name, severities in part["rows"].items():
        for severity, row in severities.items():
            share = number(row["gb"] / row["ms"] / ceiling * 100) if ceiling else GAP
            values = (number(row[key]) for key in ("ms", "frames_per_s", "launches", "triton", "syncs", "gb"))
            rows.append((name.replace("_", " "), severity, *values, share))
    head = ("corruption", "severity", "ms", "frames/s", "launches", "of Triton", "syncs", "GB", "% of bandwidth")
    yield from table(head, rows)


def _agreement(part: Result) -> Lines:
    yield "Values that differ by at most 1/255, in %, the smallest share of all sizes.\n"
    severities = list(dict.fromkeys(severity for row in part["rows"].values() for severity in row))
    rows = [
        (name.replace("_", " "), *(f"{100 * row[severity]:.4f}" if severity in row else GAP for severity in severities))
        for name, row in part["rows"].items()
    ]
    yield from table(("corruption", *severities), rows)


def _metrics(part: Result) -> Lines:
    yield f"Maps of {' x '.join(map(str, part['size']))} px with 7 classes, {part['batch']} frames at a time.\n"
    rows = [
        (
            f"{name.replace('_', ' ')}, {kind}",
            *(number(row[key]) for key in ("ms_per_frame", "launches", "syncs", "gb")),
        )
        for kind in ("scene", "regions")
        for name, row in part.get(kind, {}).items()
    ]
    yield from table(("metric", "ms a frame", "launches", "syncs", "GB"), rows)


def _kernels(part: Result) -> Lines:
    yield f"Complete calls without and with Triton; the largest ratio of a module counts, and below {part['least']:g}"
    yield f"its kernels are to be deleted: {', '.join(part['delete']) or 'none'}.\n"
    rows = [
        (f"`{module}`", name.replace("_", " "), *(number(call[key]) for key in ("plain_ms", "triton_ms", "ratio")))
        for module, row in part["rows"].items()
        for name, call in row["calls"].items()
    ]
    yield from table(("module", "call", "plain torch, ms", "Triton, ms", "ratio"), rows)


def _evaluation(part: Result) -> Lines:
    if "absent" in part:
        yield f"Not measured: {part['absent']}."
        return
    rows = [
        (
            ", ".join(f"`{name}`" for name in row["models"]),
            row["frames"],
            row["passes"],
            *(number(row[key]) for key in ("whole_s", "forward_s", "ratio", "peak_mib")),
        )
        for row in (part[name] for name in ("alone", "shared") if name in part)
    ]
    head = ("models", "frames", "frames x conditions", "evaluation, s", "forward passes, s", "ratio", "MiB")
    yield from table(head, rows)
    for row in (part[name] for name in ("stages_alone", "stages_shared") if name in part):
        stages = ", ".join(f"{stage} {number(ms)} ms" for stage, ms in row["ms"].items())
        yield f"\nStages of a batch, one after the other, {len(row['models'])} models: {stages}."


def _values(part: Result) -> Lines:
    yield from table(
        ("", ""),
        [
            (name.replace("_", " "), value if isinstance(value, str) else number(value))
            for name, value in part.items()
            if name not in ("error", "seconds")
        ],
    )


def table7(result: Result) -> Lines:
    """gpu_table7."""
    row, (height, width) = result["table7"], result["frame"]
    models = ", ".join(f"`{name}`" for name in row["models"])
    yield f"{width} x {height} px, {row['conditions']} conditions, {models} with random weights,"
    yield f"{row['batch']} frames at a time: {row['note']}, {row['frames']} frames in {row['seconds']:.0f} seconds,"
    yield f"at most {number(row['peak_mib'])} MiB.\n"
    yield from target_table(result["targets"])
