"""Groups and metavars of the fields of configurations."""

from robustbench_endo.cli.option_groups import GROUPS, METAVARS, group_of
from robustbench_endo.config import options_of
from robustbench_endo.evaluation.config import EvaluationConfig
from robustbench_endo.reproduction.config import ReproductionConfig
from robustbench_endo.synthesis.config import SynthesisConfig
from robustbench_endo.training.config import TrainConfig

CONFIGS = (EvaluationConfig, TrainConfig, ReproductionConfig, SynthesisConfig)


def test_groups_have_every_field_once():
    assert set(GROUPS) == {config.__name__ for config in CONFIGS}
    for config in CONFIGS:
        names = [name for names in GROUPS[config.__name__].values() for name in names]
        assert sorted(names) == sorted(options_of(config)), config


def test_metavars_have_no_field_that_no_configuration_has():
    assert set(METAVARS) <= {name for config in CONFIGS for name in options_of(config)}


def test_group_of_an_unknown_configuration():
    assert group_of(EvaluationConfig, "device") == "Computing"
    assert group_of(dict, "device") == "Options"
