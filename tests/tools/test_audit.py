"""The audit of installed packages, with and without its advisories."""

from __future__ import annotations

import json

import pytest

SOUND = {"name": "a", "version": "1", "vulns": []}
VULNERABLE = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1"}, {"id": "PYSEC-2"}]}
SKIPPED = {"name": "c", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("packages", "vulnerable", "sentence"),
    [
        ([SOUND, SKIPPED], False, "Packages: 1 of 2 audited, 0 with a known vulnerability."),
        ([SOUND, VULNERABLE], True, "b 2: PYSEC-1, PYSEC-2\nPackages: 2 of 2 audited, 1 with a known vulnerability."),
        ([SKIPPED], False, "Packages: not audited, the advisories of none of 1 can be reached."),
    ],
)
def test_read_packages_counts_vulnerable_ones(audit, packages, vulnerable, sentence):
    assert audit.read_packages(json.dumps({"dependencies": packages}), "") == (vulnerable, sentence)


def test_read_packages_without_a_network_is_no_failure(audit):
    assert audit.read_packages("", "Traceback\nConnectionError") == (
        False,
        "Packages: not audited, the advisories cannot be reached (ConnectionError).",
    )
