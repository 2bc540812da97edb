"""Options of data sets are the same in every configuration that has them."""

import dataclasses

import pytest

from robustbench_endo.data_options import split_names
from robustbench_endo.evaluation.config import EvaluationConfig
from robustbench_endo.training.config import TrainConfig


@pytest.mark.parametrize("name", ["classes", "label_map", "subject_regex", "assume_independent_frames"])
def test_data_options_are_declared_once(name):
    evaluation, training = (
        next(field for field in dataclasses.fields(config) if field.name == name)
        for config in (EvaluationConfig, TrainConfig)
    )
    assert evaluation.metadata == training.metadata
    assert evaluation.default == training.default


def test_split_names_strips_spaces_and_leaves_out_empty_names():
    assert split_names(" background, shaft,,tip ") == ("background", "shaft", "tip")
    assert split_names("") == ()
