"""The configuration of a reproduction."""

import pytest

from robustbench_endo.config import read_config, to_toml
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.reproduction.config import ReproductionConfig, parse_formats


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"quick": True}, "Expected --synthetic with --quick"),
        ({"synthetic": True, "data": ("x",)}, "Expected --data or --synthetic, got both"),
        ({"init_weights": "magic"}, "Expected init_weights to be one of pretrained, none, got 'magic'"),
        ({"shard": "3/2"}, "got 3/2"),
        ({"seeds": 0}, "Expected 1 to 1000 seeds, got 0: change --seeds"),
    ],
)
def test_reproduction_config_rejects_contradictions(options, text):
    with pytest.raises(RobustEndoError, match=text):
        ReproductionConfig(**options)


def test_reproduction_config_round_trip_through_toml(tmp_path):
    config = ReproductionConfig(synthetic=True, models=("endoarss/*",), epochs=3, formats=("csv",))
    file = tmp_path / "config.toml"
    file.write_text(to_toml(config, "reproduce"))
    assert ReproductionConfig(**read_config(ReproductionConfig, file, "reproduce")) == config


def test_reproduction_config_trunk_weights_are_none_for_small_networks():
    assert ReproductionConfig().trunk_weights == "pretrained"
    assert ReproductionConfig(init_weights="none").trunk_weights is None
    assert ReproductionConfig(synthetic=True).trunk_weights is None
    assert ReproductionConfig(epochs=2, seed=1).training_changes == {"epochs": 2, "seed": 1}


def test_parse_formats_rejects_unknown_names():
    assert parse_formats("none") == ()
    assert parse_formats("csv,html") == ("csv", "html")
    with pytest.raises(RobustEndoError, match="got 'docx'"):
        parse_formats("docx")
