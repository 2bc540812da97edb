"""Groups: two models share a letter exactly where the comparison does not separate them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from robustbench_endo.results.tie_groups import letter_display


@pytest.mark.parametrize("seed", range(20))
def test_letter_display_shares_a_letter_exactly_where_a_pair_is_not_separated(seed):
    random = np.random.default_rng(seed)
    names = [f"m{index}" for index in range(7)]
    separated = {pair for pair in combinations(names, 2) if random.random() < 0.4}
    letters = {name: set(text.split()) for name, text in letter_display(names, separated).items()}
    assert all(letters.values())
    for pair in combinations(names, 2):
        assert bool(letters[pair[0]] & letters[pair[1]]) == (pair not in separated)
    assert "A" in letters["m0"]


def test_letter_display_of_a_clear_order_has_a_letter_each():
    names = [f"m{index}" for index in range(28)]
    letters = letter_display(names, combinations(names, 2))
    assert letters["m0"] == "A"
    assert letters["m25"] == "Z"
    assert letters["m26"] == "A2"
    assert letter_display(names, []) == dict.fromkeys(names, "A")
