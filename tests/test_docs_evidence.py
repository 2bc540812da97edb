"""The guide to evidence packs: its commands and its Python code run, in order, on a shorter run."""

from pathlib import Path

import pytest
from docs_pages import blocks, command_lines, missing_links, read_page, run_command, run_python

from robustbench_endo.evidence import validation

PAGE = read_page("evidence")
SHORTER = (
    "--limit",
    "1",
    "--corruption",
    "smoke",
    "--severity",
    "3",
    "--model",
    "tiny-resnet/mmoe",
    "--format",
    "none",
)


@pytest.mark.docs
@pytest.mark.slow
def test_evidence_page_runs_in_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(validation, "run_self_test", list)  # it has tests of its own
    (hazards,) = (block.text for block in blocks(PAGE, "text") if block.file == "hazards.csv")
    Path("hazards.csv").write_text(hazards)
    for words in command_lines(PAGE):
        run_command([*words, *(SHORTER if words[1] == "evaluate" else ())])
    assert "H3" in Path("evidence/not_covered.csv").read_text("utf-8")
    run_python(PAGE, "docs/evidence.md")


def test_evidence_page_links_lead_to_files():
    assert missing_links(PAGE) == []
