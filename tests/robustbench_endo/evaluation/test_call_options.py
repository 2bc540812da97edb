"""Arguments of evaluate that a beginner gets wrong are errors of one sentence that names them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.call_options import (
    ARGUMENTS,
    as_corruptions,
    as_severities,
    check_metrics,
    check_objects,
    check_options,
    check_stored,
)
from robustbench_endo.evaluation.config import EvaluationConfig
from robustbench_endo.evaluation.run import evaluate
from robustbench_endo.metrics.base import Metric


def test_arguments_are_the_parameters_of_evaluate() -> None:
    assert set(ARGUMENTS) == set(evaluate.__annotations__) - {"options", "return"}


@pytest.mark.parametrize(
    ("severities", "expected"),
    [
        (3, (3,)),
        (2.5, (2.5,)),
        (range(1, 4), (1, 2, 3)),
        (np.int64(4), (4,)),
        (np.array([1, 5]), (1, 5)),
        (np.float32(1.5), (1.5,)),
        ("1-3", (1, 2, 3)),
        ([1, 2.5], (1, 2.5)),
    ],
)
def test_as_severities_accepts_one_or_several_numbers(severities: Any, expected: tuple[float, ...]) -> None:
    assert as_severities(severities) == expected
    assert {type(value) for value in as_severities(severities)} <= {int, float}


@pytest.mark.parametrize("severities", ["three", None, [1, "two"], True, [None], object()])
def test_as_severities_refuses_what_is_no_number(severities: Any) -> None:
    with pytest.raises(RobustEndoError, match="Expected severities"):
        as_severities(severities)


def test_as_corruptions_takes_names() -> None:
    assert as_corruptions("smoke,blur") == "smoke,blur"
    assert as_corruptions(["smoke"]) == ("smoke",)
    for wrong in (3, None, [], [3], ["smoke", None]):
        with pytest.raises(RobustEndoError, match="Expected corruptions to be names such as 'smoke'"):
            as_corruptions(wrong)


class Mine(Metric):
    """A user's metric."""

    name, higher_is_better = "mine", True


def test_check_metrics_takes_classes_and_objects() -> None:
    assert check_metrics(Mine) == [Mine]
    assert check_metrics((Mine,)) == [Mine]
    for wrong, text in (
        (["dice"], "got the name 'dice': leave it out"),
        ([3], "got int"),
        (int, "got int"),
        (Metric, "got Metric: derive"),
    ):
        with pytest.raises(RobustEndoError, match=text):
            check_metrics(wrong)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"notes": "a proxy"}, ("a proxy",)),
        ({"device": torch.device("cpu")}, "cpu"),
        ({"resolution": [256, 320]}, (256, 320)),
        ({"resolution": "256x320"}, (256, 320)),
        ({"resolution": np.int64(512)}, 512),
        ({"limit": np.int64(2)}, 2),
        ({"limit": None}, None),
        ({"spacing": np.float64(0.1)}, 0.1),
        ({"spacing": (1, 0.5)}, (1.0, 0.5)),
    ],
)
def test_check_options_gives_the_types_of_the_configuration(options: dict[str, Any], expected: Any) -> None:
    (value,) = check_options(options).values()
    assert value == expected
    assert not isinstance(value, np.generic)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"severity": 3}, "got 'severity': write severities="),
        ({"corruption": "smoke"}, "write corruptions="),
        ({"model": 1}, "write models="),
        ({"batch": 2}, "write batch_size="),
        ({"sed": 2}, "did you mean seed"),
        ({"classes": ["a"]}, r"got 'classes', which belongs to the data: .* rb.from_torch"),
        *(({name: "five"}, f"Expected {name} to be a whole number") for name in ("limit", "seed", "workers")),
        *(({name: 0}, f"Expected {name} to be a whole number of at least 1") for name in ("limit", "batch_size")),
        ({"seed": True}, "Expected seed to be a whole number, got True"),
        ({"compile": 1}, "Expected compile to be True or False, got 1"),
        ({"precision": 16}, "Expected precision to be a text, got 16"),
        ({"notes": 3}, "Expected notes to be texts"),
        ({"device": 0}, "Expected device to be a text such as 'cpu'"),
        ({"resolution": 3.5}, "Expected resolution to be 'native'"),
        ({"resolution": "big"}, "Expected a resolution such as native"),
        ({"spacing": -1}, "Expected spacing to be mm per pixel"),
        ({"target_distortion": "x"}, "Expected target_distortion to be a number"),
    ],
)
def test_check_options_names_the_wrong_argument(options: dict[str, Any], text: str) -> None:
    with pytest.raises(RobustEndoError, match=text):
        check_options(options)


@pytest.mark.parametrize("name", ["out", "suite", "progress", "profiler", "engine"])
def test_check_objects_names_the_argument_of_another_kind(name: str) -> None:
    right: dict[str, Any] = {"out": Path(), "suite": "endo19", "progress": None, "profiler": None, "engine": "local"}
    check_objects(**right)
    with pytest.raises(RobustEndoError, match=f"Expected {name} to be .*, got 3: correct {name}="):
        check_objects(**{**right, name: 3})
    with pytest.raises(RobustEndoError, match="Expected progress to be a function"):
        check_objects(**{**right, "progress": int})  # as the class tqdm


@pytest.mark.parametrize("options", [{"save_predictions": "all"}, {"keep_frames": 1}])
def test_what_is_stored_needs_a_folder(options):
    name, config = *options, EvaluationConfig(**options)
    with pytest.raises(RobustEndoError, match=f"Expected a run folder for {name}=.*: add out="):
        check_stored(config, stored=False)
    check_stored(config, stored=True)
