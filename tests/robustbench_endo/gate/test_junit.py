"""JUnit XML: the structure that CI systems read, and that nothing undecided looks like a pass."""

import dataclasses
from xml.etree import ElementTree

from robustbench_endo.gate import to_junit


def test_junit_has_one_case_per_criterion(undecided):
    root = ElementTree.fromstring(to_junit(undecided))
    assert root.tag == "testsuites"
    (suite,) = root.findall("testsuite")
    for element in (root, suite):
        assert {name: element.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
            "tests": "2", "failures": "0", "errors": "1", "skipped": "0"
        }  # fmt: skip
    first, second = suite.findall("testcase")
    assert (first.get("classname"), first.get("name")) == ("ours", "dice-smoke")
    assert [child.tag for child in first] == ["system-out"]
    (error,) = second
    assert (error.tag, error.get("type"), error.get("message")) == ("error", "undecided", "No frame has a label.")
    assert {each.get("name"): each.get("value") for each in suite.find("properties")}["verdict"] == "undecided"


def test_junit_of_a_failure_escapes_names(undecided):
    failed = dataclasses.replace(undecided.criteria[0], verdict="fail", model='<a & "b">\x00')
    text = to_junit(dataclasses.replace(undecided, criteria=(failed,), verdict="fail"))
    case = ElementTree.fromstring(text).find("testsuite/testcase")
    assert case.get("classname") == '<a & "b">\N{REPLACEMENT CHARACTER}'
    assert [child.tag for child in case] == ["failure"]
