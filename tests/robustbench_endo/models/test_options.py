from __future__ import annotations

import pytest

from robustbench_endo.errors import ModelError
from robustbench_endo.models import build
from robustbench_endo.models.options import parse_options


def test_options_are_key_value_pairs():
    assert parse_options("rank=8,width=24") == {"rank": "8", "width": "24"}
    assert parse_options("") == {}


@pytest.mark.parametrize("text", ["rank", "rank=", "=3"])
def test_a_pair_that_is_none_is_refused(text):
    with pytest.raises(ModelError, match="Expected options as key=value"):
        parse_options(text)


def test_options_reach_the_backbone_and_the_architecture():
    network = build("tiny-resnet/mmoe@experts=3,width=12,input_size=64x80", 4, 2)
    assert len(network.trunk.experts) == 3
    assert network.trunk.channels == 48
    assert network.input_size == (64, 80)


@pytest.mark.parametrize(
    ("option", "wanted"),
    [
        ("experts=two", "a whole number for the model option experts, got 'two'"),
        ("alpha=big", "a number for the model option alpha, got 'big'"),
        ("input_size=64*80", "whole numbers joined by x for the model option input_size"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(option, wanted):
    with pytest.raises(ModelError, match="Expected " + wanted.replace("*", r"\*")):
        build(f"tiny-resnet/mmoe@{option}", 4, 2)


def test_values_that_cannot_be_built_are_one_sentence():
    with pytest.raises(
        ModelError, match="Expected options that fit each other in 'tiny-endoarss/hps@input_size=50x70'"
    ):
        build("tiny-endoarss/hps@input_size=50x70", 4, 2)
