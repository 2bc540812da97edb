"""Options of a spec: parsed, checked, and passed to backbone and architecture."""

from __future__ import annotations

import pytest

from robustbench_endo.errors import ModelError
from robustbench_endo.models import build


@pytest.mark.parametrize("text", ["rank", "rank=", "=3"])
def test_build_of_a_spec_with_a_pair_without_value_raises(text):
    with pytest.raises(ModelError, match="Expected options as key=value"):
        build(f"tiny-resnet/mmoe@{text}", 4, 2)


def test_set_options_reaches_backbone_and_architecture():
    network = build("tiny-resnet/mmoe@experts=3,width=12,input_size=64x80", 4, 2)
    assert len(network.trunk.experts) == 3
    assert network.trunk.channels == 48
    assert network.input_size == (64, 80)


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("experts=two", "a whole number for the model option experts, got 'two'"),
        ("alpha=big", "a number for the model option alpha, got 'big'"),
        ("input_size=64*80", "whole numbers joined by x for the model option input_size"),
    ],
)
def test_set_options_of_a_wrong_type_names_it(option, expected):
    with pytest.raises(ModelError, match="Expected " + expected.replace("*", r"\*")):
        build(f"tiny-resnet/mmoe@{option}", 4, 2)


@pytest.mark.parametrize(("option", "expected"), [("size=xl", "one of s, b, l"), ("frozen=maybe", "one of yes, true")])
def test_set_options_outside_the_choices_names_them(option, expected):
    with pytest.raises(ModelError, match=f"Expected {expected}.* for the model option {option.partition('=')[0]}"):
        build(f"dinov2/hps@{option}", 2, 2)
