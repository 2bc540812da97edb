"""The page on hardening: its tables are what was measured, its sentences follow from it, its commands parse."""

import json
import re

import pytest
from docs_pages import DOCS, command_lines, missing_links, read_page

from robustbench_endo.cli import main

PAGE = read_page("hardening")

pytestmark = pytest.mark.docs


@pytest.fixture
def tables(monkeypatch):
    """``docs/hardening_table.py``."""
    monkeypatch.syspath_prepend(str(DOCS))
    import hardening_table

    return hardening_table


def test_hardening_page_has_the_measured_tables(tables):
    assert tables.page_with_tables(PAGE) == PAGE
    measured = tables.result()
    assert len(measured["seeds"]) >= 3
    assert [arm for arm in measured["arms"] if arm.startswith("without ")] == [
        f"without {category}" for category in ("noise", "blur", "occlusion", "digital")
    ]
    assert {"augmix", "pixmix", "plain (bn)", "plain (tent)", "plain (memo)"} < set(measured["arms"])


def test_hardening_page_describes_the_study_that_was_run(tables):
    measured = tables.result()
    assert f"`{measured['model'].partition(',')[0]}`" in PAGE
    assert f"on {measured['frames']['train']} frames" in PAGE
    assert f"for {measured['recipe']['epochs']} epochs" in PAGE
    assert f"on {measured['frames']['test']} frames" in PAGE
    assert measured["severity"] == [4]
    assert "severity 4" in PAGE
    assert "differences of subjects" in measured["statement"] or "subject" in measured["statement"]


def test_hardening_page_intervals_contain_the_differences(tables):
    for rows in tables.result()["arms"].values():
        for row in rows.values():
            assert row["low"] <= row["difference"] <= row["high"]
            assert len(row["by_seed"]) == len(tables.result()["seeds"])


def test_hardening_page_quotes_only_numbers_of_its_tables():
    tables, text = PAGE.split("### Result")
    numbers = re.findall(r"[+-]\d+\.\d", text.partition("\n\n**Limits")[0])
    assert len(numbers) > 12
    assert set(numbers) <= set(re.findall(r"[+-]\d+\.\d", tables))


def test_hardening_page_commands_parse_and_links_exist():
    commands = command_lines(PAGE)
    assert len(commands) == 3
    for words in commands:
        main.commands[words[1]].make_context(words[1], words[2:])
    assert missing_links(PAGE) == []


def test_hardening_page_names_the_recorded_commits():
    recorded = {}
    for file in ("evaluation/adaptation", "training/augmentation"):
        path = DOCS.parent / "tests" / "robustbench_endo" / file / "reference.json"
        recorded |= json.loads(path.read_text("utf-8"))["commits"]
    rows = dict(re.findall(r"\| (\w[\w-]+/\w+) \| (\w{7}) \|", PAGE))
    assert rows == {name: commit[:7] for name, commit in recorded.items()}
