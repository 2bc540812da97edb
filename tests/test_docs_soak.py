"""The README quotes what ``make soak`` measured."""

import json

import pytest
from docs_pages import DOCS, ROOT

README = (ROOT / "README.md").read_text("utf-8")


@pytest.fixture
def soak_table(monkeypatch):
    """``docs/soak_table.py``."""
    monkeypatch.syspath_prepend(str(DOCS))
    import soak_table

    return soak_table


def test_readme_has_the_measured_table(soak_table):
    assert soak_table.readme_with_table(README) == README
    assert soak_table.table() in README


def test_soak_table_counts_all_trials(soak_table, monkeypatch, tmp_path):
    tests = [{"name": f"t{n}", "passed": 1000 * n, "total": 2000, "seconds": 60, "detail": "a|b"} for n in (1, 2)]
    monkeypatch.setattr(soak_table, "RESULT", tmp_path / "soak.json")
    soak_table.RESULT.write_text(json.dumps({"sections": {"fuzz": {"tests": tests}}}))
    assert soak_table.summary() == "3,000 of 4,000 trials passed in 2 minutes on two cores:"
    assert soak_table.table().splitlines()[2:] == ["| t1 | 1,000 of 2,000 | a\\|b |", "| t2 | 2,000 of 2,000 | a\\|b |"]
