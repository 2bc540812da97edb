"""A gate as JUnit XML, one test case per criterion: what CI systems show next to other tests.

A criterion that fails is a ``failure``, one that is undecided an ``error``: dashboards count both as not passed,
whereas ``skipped`` leaves a build green.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree  # nosec B405  # XML is written here, not parsed

from robustbench_endo.gate.report import CriterionResult, GateReport
from robustbench_endo.gate.wording import bound, conditions, guarantee, interval, levels

_ELEMENTS = {"fail": "failure", "undecided": "error"}
_INVALID = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(report: GateReport) -> str:
    """The XML; the same gate gives the same text."""
    counts = {
        "tests": str(len(report.criteria)),
        "failures": str(sum(each.verdict == "fail" for each in report.criteria)),
        "errors": str(sum(each.verdict == "undecided" for each in report.criteria)),
        "skipped": "0",
        "time": "0",
    }
    root = ElementTree.Element("testsuites", {"name": "robust-endo gate", **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": _valid(report.name or report.run.name), **counts})
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in _properties(report).items():
        ElementTree.SubElement(properties, "property", {"name": name, "value": _valid(value)})
    for each in report.criteria:
        _add_case(suite, each)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _add_case(suite: ElementTree.Element, each: CriterionResult) -> None:
    attributes = {"classname": _valid(each.model), "name": each.id, "time": "0"}
    case = ElementTree.SubElement(suite, "testcase", attributes)
    text = _valid(f"{each.metric}, {conditions(each)}: {interval(each)}, required {bound(each)}. {each.reason}")
    if each.verdict in _ELEMENTS:
        message = {"message": _valid(each.reason), "type": each.verdict}
        ElementTree.SubElement(case, _ELEMENTS[each.verdict], message).text = text
    else:
        ElementTree.SubElement(case, "system-out").text = text


def _properties(report: GateReport) -> dict[str, str]:
    content = {
        "verdict": report.verdict,
        "run": report.run.checksum,
        "plan": report.plan_sha256,
        "alpha": f"{report.alpha:g}",
        "correction": report.correction,
        "intervals": levels(report),
        "guarantee": guarantee(report),
    }
    return content | ({"baseline": report.baseline.checksum} if report.baseline else {})


def _valid(text: str) -> str:
    """A text without the characters that XML does not have."""
    return _INVALID.sub("\N{REPLACEMENT CHARACTER}", text)
