"""Markdown of a pull request: a table, the reasons, and no markup from names."""

import dataclasses

import pytest

from robustbench_endo.gate import to_markdown
from robustbench_endo.gate.markdown import escape


def test_markdown_has_one_row_per_criterion(undecided):
    text = to_markdown(undecided)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 3
    assert {line.count("|") for line in rows} == {9}
    assert text.startswith("### Acceptance gate: release: ⚠️ undecided\n")
    assert "| ✅ pass | dice-smoke | <code>ours</code> | dice | Smoke, severity 1, 2.5 | ≥ 70 % |" in text
    assert "* accuracy, ours: No frame has a label." in text
    assert "plan `777777777777`" in text
    assert "interval towards the bound meets it" in text


@pytest.mark.parametrize("name", ["a|b", "*bold*", "[x](http://y)", "<img src=x>", "@team", "`code`", "#1", "a\nb"])
def test_markdown_shows_names_as_they_are(name, undecided):
    first = dataclasses.replace(undecided.criteria[0], model=name)
    text = to_markdown(dataclasses.replace(undecided, criteria=(first,)))
    assert name not in text.replace("### ", "")
    assert f"<code>{escape(name)}</code>" in text
