"""docs/realism.md quotes what the realism benchmark measured."""

import json

import pytest
from docs_pages import DOCS

PAGE = (DOCS / "realism.md").read_text("utf-8")


@pytest.fixture
def realism_table(monkeypatch):
    """``docs/realism_table.py``."""
    monkeypatch.syspath_prepend(str(DOCS))
    import realism_table

    return realism_table


def test_realism_page_has_the_measured_tables(realism_table):
    assert realism_table.page_with_tables(PAGE) == PAGE
    assert realism_table.tables() in PAGE


def test_order_table_names_the_measures_that_are_not_monotone(realism_table):
    item = {"mean": [0.9, 0.5], "monotone": True, "violations": 0, "steps": 32}
    section = {"corruptions": {"a": {"ssim": item, "psnr": item | {"monotone": False, "violations": 3}}}}
    assert realism_table.order_table(section).splitlines()[-1].endswith("| no: PSNR | 3 of 64 |")


def test_surround_table_lists_the_corruptions_that_change_it(realism_table):
    scopes = {"frames": ["x", "y"], "severity": 5, "largest_change": {"a": 7, "b": 0, "c": 0}}
    lines = realism_table.surround_table({"frames": 10, "with_area": 1, "scopes": scopes}).splitlines()
    assert lines[0].startswith("A content area is detected in 1 of 10 ")
    assert lines[-2:] == ["| `a` | 7 |", "| each of the other 2 | 0 |"]


def test_smoke_table_counts_values_inside_the_real_interval(realism_table):
    real = {key: [1.0, 0.5, 1.5] for key in realism_table.LABELS}
    near = {key: [1.2, 1.1, 1.3] for key in realism_table.LABELS} | {"tau_green_red": [None, None, None]}
    tables = {"held-out": {"real": real, "severity 1": near, "severities 2-4": near}}
    section = {"tables": tables, "sequences": {"held-out": ["p", "q"]}, "not_installed": ["nrtk Haze"]}
    lines = realism_table.smoke_table(section).splitlines()
    assert lines[0] == "2 sequences that were not fitted. Not installed, hence not measured: nrtk Haze."
    assert lines[2] == "| statistic | real | `smoke` 2-4 |"
    assert lines[-1] == "| **inside the real interval, of 16** |  | **15** |"


def test_with_peers_adds_their_columns_and_removes_what_is_no_longer_missing(realism_table):
    section = {
        "tables": {"held-out": {"real": 1}, "fitted": {"real": 2}},
        "auc_by_scene": {"ours": [0.5]},
        "not_installed": ["nrtk Haze", "other"],
    }
    peers = {"tables": {"held-out": {"nrtk Haze": 3}}, "auc_by_scene": {"nrtk Haze": [1]}, "peers": {"nrtk Haze": {}}}
    assert realism_table.with_peers(section, peers) == {
        "tables": {"held-out": {"real": 1, "nrtk Haze": 3}, "fitted": {"real": 2}},
        "auc_by_scene": {"ours": [0.5], "nrtk Haze": [1]},
        "not_installed": ["other"],
    }


def test_realism_tables_hold_only_numbers_that_json_has(realism_table):
    text = realism_table.RESULT.read_text("utf-8")
    assert "NaN" not in text
    assert set(json.loads(text)) > {"smoke", "monotone", "surround"}
