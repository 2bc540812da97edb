"""A gate as Markdown, for a pull request or the summary of a CI job."""

from __future__ import annotations

import re
from collections.abc import Iterator

from robustbench_endo.gate.report import CriterionResult, GateReport
from robustbench_endo.gate.wording import bound, guarantee, interval, levels, verdict_sentence

_SYMBOLS = {"pass": "✅ pass", "fail": "❌ fail", "undecided": "⚠️ undecided"}
_COLUMNS = ("verdict", "criterion", "model", "metric", "conditions", "required", "value (interval)", "subjects")


def to_markdown(report: GateReport) -> str:
    """The verdict, one row per criterion, the reasons of those that do not pass, and what the gate rests on."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: GateReport) -> Iterator[str]:
    name = f": {escape(report.name)}" if report.name else ""
    yield f"### Acceptance gate{name}: {_SYMBOLS[report.verdict]}"
    yield ""
    yield verdict_sentence(report)
    yield ""
    yield f"| {' | '.join(_COLUMNS)} |"
    yield f"|{'---|' * len(_COLUMNS)}"
    for each in report.criteria:
        yield f"| {' | '.join(_cells(each))} |"
    yield ""
    for each in report.criteria:
        if each.verdict != "pass":
            yield f"* {escape(each.id)}, {escape(each.model)}: {escape(each.reason)}"
    for note in (*report.notes, levels(report), guarantee(report)):
        yield f"* {escape(note)}"
    yield ""
    yield f"Run {escape(report.run.name)} (`{report.run.checksum[:12]}`) on {escape(report.run.data)}, " + _basis(
        report
    )


def _basis(report: GateReport) -> str:
    baseline = report.baseline
    against = f"; baseline {escape(baseline.name)} (`{baseline.checksum[:12]}`)" if baseline else ""
    return (
        f"{report.run.frames} frames of {report.run.subjects} subjects{against}; plan `{report.plan_sha256[:12]}`; "
        f"alpha {report.alpha:g}, correction {report.correction}."
    )


def _cells(each: CriterionResult) -> Iterator[str]:
    yield _SYMBOLS[each.verdict]
    yield escape(each.id)
    yield f"<code>{escape(each.model)}</code>"
    yield escape(each.metric)
    severities = ", ".join(f"{value:g}" for value in each.severities)
    yield escape(f"{each.corruption}{f', severity {severities}' if severities else ''}")
    yield escape(bound(each))
    yield escape(interval(each))
    yield str(each.subjects)


def escape(text: str) -> str:
    """A text in which nothing is markup, a link or a mention: what could be is a character reference.

    >>> escape("a|b_*@all")
    'a&#124;b&#95;&#42;&#64;all'
    """
    return re.sub(r"[\\`*_{}\[\]<>#|~@&!\n\r]", lambda match: f"&#{ord(match[0])};", text)
