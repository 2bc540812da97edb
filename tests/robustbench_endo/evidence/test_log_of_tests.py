"""Logs of tests: JUnit XML and output of pytest are counted; anything else is refused in one sentence."""

import hashlib

import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evidence.log_of_tests import read_test_log, summarise_log

JUNIT = b"""<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest"><testsuite name="pytest" tests="4">
<testcase classname="tests.a" name="test_one" time="0.1"/>
<testcase classname="tests.a" name="test_two"><failure message="no">trace</failure></testcase>
<testcase classname="tests.a" name="test_three"><skipped message="no GPU"/></testcase>
<testcase classname="tests.b" name="test_four"><error message="setup">trace</error></testcase>
</testsuite></testsuites>"""
PYTEST = b"""tests/a.py ..F\n\x1b[31mFAILED tests/a.py::test_two - assert 0\x1b[0m
===== \x1b[31m1 failed\x1b[0m, 1204 passed, 17 skipped, 2 xfailed, 3 warnings in 1190.31s (0:19:50) =====\n"""


def counts(summary):
    return tuple(summary[name] for name in ("passed", "failed", "errors", "skipped"))


def test_junit_xml_is_counted():
    summary = summarise_log(JUNIT, "tests.xml")
    assert counts(summary) == (1, 1, 1, 1)
    assert summary["not_passed"] == ["tests.a::test_two", "tests.b::test_four"]
    assert summary["sha256"] == hashlib.sha256(JUNIT).hexdigest()


def test_output_of_pytest_is_counted():
    summary = summarise_log(PYTEST, "tests.log")
    assert counts(summary) == (1204, 1, 0, 19)
    assert summary["not_passed"] == ["tests/a.py::test_two"]


def test_last_line_of_a_quiet_run_counts():
    assert counts(summarise_log(b"1 failed in 1.0s\n...\n12 passed in 3.10s\n", "x")) == (12, 0, 0, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "Expected JUnit XML or the output of pytest"),
        (b"hello", "Expected JUnit XML or the output of pytest"),
        (b"<html></html>", "Expected JUnit XML .testsuites. in x, got <html>"),
        (b"<testsuite>", "Cannot parse x: invalid XML"),
        (b"<testsuite/>", "Expected the results of tests in x, got none"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><testsuite>&b;</testsuite>', "without a document type"),
        (b"== no tests ran in 0.01s ==", "Expected JUnit XML or the output of pytest"),
    ],
)
def test_other_logs_are_errors(content, message):
    with pytest.raises(RobustEndoError, match=message):
        summarise_log(content, "x")


def test_missing_logs_are_errors(tmp_path):
    for path in (tmp_path, tmp_path / "missing.xml", "a\0b"):
        with pytest.raises(RobustEndoError, match="Cannot read"):
            read_test_log(path)
