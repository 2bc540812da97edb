"""The page on acceptance gates: its example runs, its tables are the measured ones, and it names every key and code."""

import json
import re

import pytest
from docs_pages import DOCS, ROOT, blocks, missing_links, read_page, run_python

import robustbench_endo as rb
from robustbench_endo.cli.errors import GATE_EXIT_CODES
from robustbench_endo.gate import plan as plans
from robustbench_endo.gate.plan import MAX_ALPHA

PAGE = read_page("gate")
RESULT = json.loads((ROOT / "benchmarks" / "results" / "gate.json").read_text("utf-8"))

pytestmark = pytest.mark.docs


@pytest.mark.slow
def test_gate_page_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for block in blocks(PAGE, "toml"):
        if block.file:
            (tmp_path / block.file).write_text(block.text)
    data = rb.load_dataset("synthetic", frames=24, size=(64, 80))
    model = rb.load_model("tiny-resnet/mmoe", weights="pretrained")
    rb.evaluate({"tiny-resnet/mmoe": model}, data, "noise,jpeg_compression", (1, 2, 3), "runs/demo", gallery_frames=0)
    run_python(PAGE, "gate.md")
    output = capsys.readouterr().out.splitlines()
    assert output[0] in GATE_EXIT_CODES
    assert [line.split()[0] for line in output[1:]] == ["dice-jpeg", "noise"]


def test_gate_page_explains_every_key_and_exit_code():
    keys = {*plans._PLAN, *plans._CRITERION, *plans._RUN} - {"criteria", "run"}
    assert [key for key in keys if f"`{key}`" not in PAGE] == []
    codes = dict(re.findall(r"^\| (pass|fail|undecided) \| .* \| (\d) \|$", PAGE, re.M))
    assert {name: int(code) for name, code in codes.items()} == GATE_EXIT_CODES
    assert f"at most {MAX_ALPHA} |" in PAGE


def test_gate_page_has_the_measured_tables(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    import gate_table

    assert gate_table.page(PAGE, RESULT) == PAGE


def test_simulations_are_within_their_targets():
    assert RESULT["missed"] == []
    gate = "95 % intervals, Holm (the gate)"
    assert all(row["studies"] == 1000 and row["rules"][gate] <= 0.05 for row in RESULT["false alarms"])
    assert len(RESULT["regressions"]) == 20
    # What the gate changes: a rule without it has more false alarms than allowed.
    naive = "one-sided intervals, no correction"
    assert all(row["rules"][naive] > 0.05 for row in RESULT["false alarms"])


def test_gate_page_links_lead_somewhere():
    assert missing_links(PAGE) == []
