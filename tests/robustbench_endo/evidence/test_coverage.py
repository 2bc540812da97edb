"""What is not covered is listed: every hazard is traced or listed, every condition of the run named or listed."""

from dataclasses import replace

import pytest

from robustbench_endo.evidence.coverage import SHIFTS, gaps, is_traced


@pytest.fixture(scope="module")
def entries(pack):
    return {(gap.kind, gap.item) for gap in pack.gaps}


def test_hazards_are_traced_or_listed(pack, entries):
    traced = {hazard.id for hazard in pack.hazards if is_traced(hazard, pack.rows)}
    untraced = {item for kind, item in entries if kind in ("hazard without criterion", "hazard without result")}
    assert traced == {"H1", "H2"}
    assert untraced == {"H3", "H4"}


def test_parts_of_hazards_without_evidence_are_listed(entries):
    assert {
        ("hazard without corruption", "H4"),
        ("hazard: corruption not run", "H2: glass_blur"),
        ("hazard: corruption not run", "H3: glass_blur"),
        ("hazard: severity not run", "H2: 2"),
        ("hazard: condition outside its criteria", "H2: contrast 1"),
    } <= entries


def test_parts_of_the_run_without_hazard_are_listed(entries):
    assert {("severity without hazard", "contrast 3"), ("criterion without hazard", "unused")} <= entries
    assert not any(kind == "corruption without hazard" for kind, _ in entries)


def test_metrics_subjects_and_shifts_are_listed(entries):
    metrics = dict(entry for entry in entries if entry[0].startswith("metrics without criterion"))
    segmentation = metrics["metrics without criterion, segmentation"].split(", ")
    assert "hd95" in segmentation
    assert "dice" not in segmentation
    assert ("subjects", "7") in entries
    assert ("data", "synthetic scenes") in entries
    assert {("data shift", shift) for shift, _ in SHIFTS} <= entries


def test_corruptions_without_hazard_and_recorded_conditions_change_the_list(pack, results):
    info = {**results.info, "recorded_conditions": [{"name": "real_smoke", "category": "recorded", "severity": 1}]}
    hazards = [hazard for hazard in pack.hazards if hazard.id == "H1"]
    other = gaps(hazards, pack.rows, pack.gates, replace(results, info=info), pack.inputs.plan)
    entries = {(gap.kind, gap.item) for gap in other}
    assert ("corruption without hazard", "contrast") in entries
    assert ("corruption without hazard", "real_smoke") in entries
    assert ("data shift", SHIFTS[0][0]) not in entries
