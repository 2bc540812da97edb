"""Numbers and sentences of a gate, as the terminal, Markdown and JUnit print them."""

from __future__ import annotations

import math

from robustbench_endo.gate.report import CriterionResult, GateReport


def bound(each: CriterionResult) -> str:
    """What is required, such as ``≥ 70 %``; of a difference with its sign."""
    symbol = "≥" if each.direction == "at_least" else "≤"
    number = f"{each.threshold:+.4g}" if each.kind == "non_inferiority" else f"{each.threshold:.4g}"
    return f"{'change ' if each.kind == 'non_inferiority' else ''}{symbol} {_with_unit(number, each.unit)}"


def interval(each: CriterionResult, digits: int = 2) -> str:
    """The value and the ends of its interval, such as ``80.50 (75.25 to 86.00) %``; a dash without a value."""
    form = f"+.{digits}f" if each.kind == "non_inferiority" else f".{digits}f"
    if not math.isfinite(each.value):
        return "–"
    ends = f" ({each.low:{form}} to {each.high:{form}})" if math.isfinite(each.low) and math.isfinite(each.high) else ""
    return _with_unit(f"{each.value:{form}}{ends}", each.unit)


def conditions(each: CriterionResult) -> str:
    """Corruptions and severities, such as ``smoke 1-3``."""
    if not each.severities:
        return each.corruption
    first, last = each.severities[0], each.severities[-1]
    consecutive = (
        all(float(value).is_integer() for value in each.severities) and last - first == len(each.severities) - 1
    )
    if len(each.severities) > 1 and consecutive:
        return f"{each.corruption} {first:g}-{last:g}"
    return f"{each.corruption} {','.join(f'{value:g}' for value in each.severities)}"


def verdict_sentence(report: GateReport) -> str:
    """How many criteria pass, fail and are undecided."""
    counts = {name: sum(each.verdict == name for each in report.criteria) for name in ("pass", "fail", "undecided")}
    total = len(report.criteria)
    criteria = "criterion" if total == 1 else "criteria"
    return (
        f"{total} {criteria}: {counts['pass']} passed, {counts['fail']} failed, {counts['undecided']} undecided. "
        + _CONSEQUENCE[report.verdict]
    )


def guarantee(report: GateReport) -> str:
    """What the levels of a gate guarantee, in one sentence."""
    return f"At most {100 * report.alpha:.3g} % of studies pass although a criterion is violated" + (
        f", and at most {100 * report.alpha:.3g} % fail although all hold."
        if report.correction != "none"
        else "; without a correction, more fail although all hold."
    )


def levels(report: GateReport) -> str:
    """Which of the two printed ends decides a pass and which a fail, and at which level."""
    other = "the other end" if report.correction == "none" else "the other end, corrected for the number of criteria,"
    return (
        f"A criterion passes where the end of the {100 * (1 - report.alpha):.4g} % interval towards the bound meets "
        f"it; {other} decides a fail."
    )


_CONSEQUENCE = {
    "pass": "Every criterion is met at the pessimistic end of its interval.",
    "fail": "At least one criterion is violated even at the optimistic end of its interval.",
    "undecided": "The data do not decide every criterion: this is no pass.",
}


def _with_unit(number: str, unit: str) -> str:
    return f"{number} {unit}" if unit else number
