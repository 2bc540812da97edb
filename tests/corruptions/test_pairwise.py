"""Tests of covering designs."""

from __future__ import annotations

from itertools import combinations

import pytest

from robustbench_endo.corruptions import load_suite, select
from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.pairwise import covering_design, pairwise_combinations
from robustbench_endo.corruptions.suite import Suite


def test_nineteen_corruptions_are_paired_once_each_in_57_triples() -> None:
    pairs = [frozenset(pair) for block in covering_design(19) for pair in combinations(block, 2)]
    assert len(covering_design(19)) == 57
    assert len(pairs) == len(set(pairs)) == 171


@pytest.mark.parametrize("count", [2, 3, 4, 7, 12, 18, 20, 31])
def test_every_pair_is_covered_for_any_number(count: int) -> None:
    blocks = covering_design(count)
    assert {frozenset(pair) for block in blocks for pair in combinations(block, 2)} == {
        frozenset(pair) for pair in combinations(range(count), 2)
    }
    assert all(len(set(block)) == len(block) <= 3 for block in blocks)
    # A third of the pairs is the bound for triples.
    assert len(blocks) <= max(1, count * (count - 1) / 6 * 1.6)


def test_pairwise_selects_compounds_of_the_suite() -> None:
    selection = select("endo19", "pairwise")
    assert len(selection.names) == 57
    parts = [tuple(name.split("+")) for name in selection.names]
    assert {frozenset(pair) for each in parts for pair in combinations(each, 2)} == {
        frozenset(pair) for pair in combinations(load_suite("endo19").names, 2)
    }
    assert load_suite("endo19").select("smoke,pairwise")[0] == "smoke"


def test_pairwise_of_one_corruption_is_refused() -> None:
    suite = load_suite("endo19")
    single = Suite("single", 256, 512, (suite.get("smoke"),))
    with pytest.raises(
        CorruptionError, match="Expected at least two corruptions to combine in pairs, got smoke: choose"
    ):
        single.select("pairwise")
    assert pairwise_combinations(["smoke", "contrast"]) == [("smoke", "contrast")]


def test_other_backend_has_no_compounds() -> None:
    with pytest.raises(CorruptionError, match="Expected single corruptions with the backend"):
        select("endo19", "smoke+contrast", "imagecorruptions")
