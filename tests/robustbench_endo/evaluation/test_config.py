"""The configuration of an evaluation: values, protocols, and configuration files."""

from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from robustbench_endo.cli import main
from robustbench_endo.config import read_config, to_toml
from robustbench_endo.errors import RobustEndoError, UnknownNameError
from robustbench_endo.evaluation.config import (
    EvaluationConfig,
    EvaluationOptions,
    config_from_options,
    parse_formats,
    parse_resolution,
    parse_severities,
    split_names,
)


def test_evaluation_config_suite_follows_the_protocol():
    assert EvaluationConfig().suite_name == "endo19"
    assert EvaluationConfig(suite="imagenet-c").suite_name == "imagenet-c"
    assert EvaluationConfig(protocol="endoarss").suite_name == "endoarss"
    assert EvaluationConfig(protocol="endoarss", suite="endoarss", resolution=(256, 256)).suite_name == "endoarss"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"protocol": "papers"}, "Expected protocol to be one of standard, endoarss, got 'papers'"),
        ({"protocol": "endoarss", "suite": "endo19"}, "under the protocol endoarss, got suite endo19: leave that out"),
        ({"protocol": "endoarss", "backend": "imagecorruptions"}, "got backend imagecorruptions"),
        ({"protocol": "endoarss", "resolution": 512}, "got resolution 512"),
        ({"address": "auto"}, "Expected an address only with the engine ray, got 'auto'"),
        ({"severities": (0,)}, "Expected severities from 1 to 5, got 0"),
        ({"severities": ()}, "Expected severities from 1 to 5, got none"),
        ({"replicates": 0}, "Expected at least 1 replicate, got 0: "),
        ({"replicates": 10_001}, "Expected at most 10000 replicates, got 10001: "),
        ({"batch_size": 0}, "Expected a batch of at least 1 frame, got 0"),
        ({"shard": "0/3"}, "Expected a shard from 1/3 to 3/3"),
        ({"engine": "spark"}, "Expected engine to be one of local, ray, got 'spark'"),
    ],
)
def test_evaluation_config_rejects_values_and_contradictions(options, text):
    with pytest.raises(RobustEndoError, match=text):
        EvaluationConfig(**options)


def test_evaluation_config_round_trip_through_toml(tmp_path):
    config = EvaluationConfig(
        models=("a", "b=c"),
        corruptions=("smoke", "contrast"),
        severities=(1, 5),
        resolution=(256, 320),
        seed=3,
        out=Path("runs/x"),
        formats=(),
        notes=('quoted "note"',),
    )
    file = tmp_path / "config.toml"
    file.write_text(to_toml(config, "evaluate"))
    assert EvaluationConfig(**read_config(EvaluationConfig, file, "evaluate")) == config


def test_evaluation_options_are_fields_of_the_config():
    assert set(EvaluationOptions.__annotations__) <= {field.name for field in fields(EvaluationConfig)}
    assert config_from_options({"seed": 3, "notes": ["a"]}, corruptions="smoke").notes == ("a",)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("[evaluate]\nsed = 3\n", UnknownNameError, "setting in .*did you mean seed"),
        ("[train]\nseed = 3\n", RobustEndoError, r"Expected a table \[evaluate\] in .*, got the table \[train\]"),
        ("", RobustEndoError, r"Expected a table \[evaluate\] in .*, got an empty file"),
        ("[evaluate]\nseed = 3\n[train]\n", RobustEndoError, r"Expected only a table \[evaluate\].*remove it"),
        ('[evaluate]\nseed = "three"\n', RobustEndoError, "seed"),
        ("[evaluate\n", RobustEndoError, "Cannot parse .*: invalid TOML"),
    ],
)
def test_read_config_rejects_file(tmp_path, text, error, message):
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(error, match=message):
        read_config(EvaluationConfig, file, "evaluate")


def test_parse_severities_and_resolution_and_names():
    assert parse_severities("1-3, 5") == (1, 2, 3, 5)
    assert parse_resolution("native") == "native"
    assert parse_resolution("512") == 512
    assert parse_resolution("256x320") == (256, 320)
    assert split_names(" a, b ,") == ("a", "b")
    assert parse_formats("pdf,html") == ("html", "pdf")
    assert parse_formats("none") == ()


@pytest.mark.parametrize(
    ("parse", "text"),
    [(parse_severities, "1-"), (parse_resolution, "16"), (parse_resolution, "a"), (parse_formats, "x")],
)
def test_parse_of_another_text_raises(parse, text):
    with pytest.raises(RobustEndoError, match="Expected"):
        parse(text)


def test_evaluate_command_rejects_another_suite_before_it_loads_a_model():
    command = ["evaluate", "--protocol", "endoarss", "--suite", "endo19", "--model", "no-such-model"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 2
    assert "Expected the suite endoarss at 256x256 under the protocol endoarss, got suite endo19" in done.output


def test_config_needs_a_spacing_for_tolerances_in_millimetres():
    with pytest.raises(RobustEndoError, match="Expected the size of a pixel for a tolerance in mm, got none"):
        EvaluationConfig(nsd_tolerance=("shaft=1.5mm",))
    config = EvaluationConfig(nsd_tolerance=("shaft=1.5mm",), spacing=0.1)
    assert config.spacing == (0.1, 0.1)
    assert config.metric_options == {"nsd_tolerance": ("shaft=1.5mm",), "spacing": (0.1, 0.1), "region": "frame"}


@pytest.mark.parametrize("text", ["16", "16385", "64x99999", "9" * 5000, "\u0663\u0663\u0663", "64x", "inf"])
def test_parse_resolution_refuses_sizes_that_no_memory_holds(text):
    with pytest.raises(RobustEndoError, match="Expected a resolution such as .* .32 to 16384., got "):
        parse_resolution(text)


@pytest.mark.parametrize("text", ["1-999999999", "9" * 5000, "0-3", "5-1"])
def test_parse_severities_refuses_a_range_before_it_is_listed(text):
    with pytest.raises(RobustEndoError, match="Expected severities "):
        parse_severities(text)
