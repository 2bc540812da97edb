"""The card of a run."""

import re

from robustbench_endo.hub.run_card import LIMITS, run_card
from robustbench_endo.results import load_results


def test_run_card_has_the_scores_of_the_table(run):
    results = load_results(run)
    text, table = run_card(results), results.table(("miou",))
    rows = dict(re.findall(r"^\| (clean|brightness|mean: all) \| ([\d.]+) \|$", text.partition("## mIoU (%)")[2], re.M))
    expected = {"clean": ("clean", "clean"), "mean: all": ("mean", "all")}
    assert {name: f"{table.loc[row, ('miou', results.models[0])]:.2f}" for name, row in expected.items()}.items() <= (
        rows.items()
    )
    assert "brightness" in rows
    assert LIMITS in text


def test_run_card_escapes_names_of_the_run(run):
    text = run_card(load_results(run))
    assert "<b>" not in text
    assert "mmoe_&lt;b&gt;" in text


def test_run_card_names_weights_and_suite(run):
    results = load_results(run)
    text = run_card(results)
    assert results.info["models"][0]["weights_sha256"][:16] in text
    assert results.info["suite"]["hash"][:16] in text
