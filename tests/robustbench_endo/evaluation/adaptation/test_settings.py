"""Specs of adaptations, and options that contradict them."""

from __future__ import annotations

import pytest

from robustbench_endo.errors import RobustEndoError, UnknownNameError
from robustbench_endo.evaluation.adaptation.settings import (
    BATCH_SIZE,
    BatchNorm,
    Memo,
    Tent,
    adaptation_note,
    adapted_names,
    batch_size_of,
    describe_adaptation,
    parse_adaptation,
)
from robustbench_endo.evaluation.config import EvaluationConfig


def test_parse_adaptation_reads_methods_and_options():
    assert parse_adaptation(None) is None
    assert parse_adaptation("bn") == BatchNorm()
    assert parse_adaptation("tent@lr=0.01,steps=3") == Tent(lr=0.01, steps=3)
    assert parse_adaptation("memo@augmentations=4") == Memo(augmentations=4)


@pytest.mark.parametrize("spec", ["tent@lr=0", "tent@lr=inf", "tent@lr=x", "tent@steps=0.5", "memo@augmentations=0"])
def test_parse_adaptation_rejects_numbers_out_of_range(spec):
    with pytest.raises(RobustEndoError, match=r"^Expected \w+ of an adaptation as .*, got .*: change it\.$"):
        parse_adaptation(spec)


def test_parse_adaptation_names_close_matches():
    with pytest.raises(UnknownNameError, match="adaptation, got 'tant': did you mean tent"):
        parse_adaptation("tant")
    with pytest.raises(UnknownNameError, match="option of tent, got 'step': did you mean steps"):
        parse_adaptation("tent@step=2")
    with pytest.raises(RobustEndoError, match="Expected bn without options, got 'lr'"):
        parse_adaptation("bn@lr=1")


def test_config_of_a_run_without_adaptation_describes_none():
    config = EvaluationConfig(batch_size=3)
    assert batch_size_of(config) == 3
    assert describe_adaptation(config) == {}
    assert adaptation_note(config) == ()
    assert batch_size_of(EvaluationConfig()) is None


def test_config_of_an_adapted_run_describes_method_and_batch_size():
    described = describe_adaptation(EvaluationConfig(adapt="tent@steps=2", batch_size=3))["adaptation"]
    assert described == {"method": "tent", "lr": 0.001, "steps": 2, "batch_size": 3, "frames_until_reset": 64}
    assert describe_adaptation(EvaluationConfig(adapt="bn"))["adaptation"]["batch_size"] == BATCH_SIZE
    (note,) = adaptation_note(EvaluationConfig(adapt="bn"))
    assert "adapted at test time (bn) on batches of up to 8 frames" in note


@pytest.mark.parametrize(
    ("options", "conflict"),
    [({"failure_point": "miou=0.5"}, "a failure point"), ({"compile": True}, "--compile")],
)
def test_config_rejects_options_that_adaptation_excludes(options, conflict):
    with pytest.raises(RobustEndoError, match=f"Expected adaptation without {conflict}, got both"):
        EvaluationConfig(adapt="bn", **options)


def test_adapted_names_are_the_same_for_a_worker_of_the_run():
    names = adapted_names({"a": 1, "b": [2, 3]}, Tent())
    assert names == {"a (tent)": 1, "b (tent)": [2, 3]}
    assert adapted_names({"b (tent)/seed1": 2}, Tent()) == {"b (tent)/seed1": 2}
    assert adapted_names({"a": 1}, None) == {"a": 1}
