from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_endo.config import options_of, read_config, to_toml
from robustbench_endo.errors import SynthesisError
from robustbench_endo.synthesis import SynthesisConfig
from robustbench_endo.synthesis.config import REQUIRED, parse_scales, parse_size, resolve_instrument_labels


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": (8, 64)},
        {"max_instruments": 0},
        {"seed": -1},
        {"limit_instruments": 0},
        {"limit_backgrounds": 0},
        {"scales": (2.0, 1.0)},
        {"scales": (1.0,)},
        {"activity": "guess"},
        {"labels": "guess"},
    ],
)
def test_synthesis_config_rejects_values_out_of_range(wrong):
    with pytest.raises(SynthesisError, match=r"^Expected .*, got .*: correct the setting\.$"):
        SynthesisConfig(**wrong)


def test_synthesis_config_has_every_option_of_the_command():
    flags = {flag for name, (_, info) in options_of(SynthesisConfig).items() for flag in info.flags or (f"--{name}",)}
    assert {flag.replace("_", "-") for flag in flags} == {
        *("--background", "-b", "--instruments", "-i", "--out", "-o", "--count", "-n", "--seed", "--size"),
        *("--max-instruments", "--activity", "--labels", "--instrument-labels", "--scales", "--limit-instruments"),
        *("--limit-backgrounds", "--allow-floating", "--within-subjects", "--split", "--classes", "--subject-regex"),
    }


def test_synthesis_config_converts_to_toml_and_back(tmp_path):
    config = SynthesisConfig(
        "a.png", "frames", Path("out"), 3, size=(64, 96), instrument_labels=(1, "tip"), scales=(0.9, 1.1)
    )
    path = tmp_path / "synthesize.toml"
    path.write_text(to_toml(config, "synthesize"))
    assert SynthesisConfig(**read_config(SynthesisConfig, path, "synthesize")) == config


def test_check_required_names_a_missing_option():
    with pytest.raises(SynthesisError, match="Expected --background, got none: add it"):
        SynthesisConfig().check_required()
    SynthesisConfig(**dict.fromkeys(REQUIRED, "x")).check_required()


def test_recorded_settings_are_those_that_determine_the_images():
    recorded = SynthesisConfig("a.png", "frames", Path("out"), limit_instruments=3).recorded_settings()
    assert recorded == {
        "seed": 0,
        "size": None,
        "max_instruments": 2,
        "activity": "auto",
        "labels": "auto",
        "instruments": None,
        "scales": [0.75, 1.35],
        "limit": 3,
        "limit_backgrounds": None,
        "allow_floating": False,
        "within_subjects": False,
    }


@pytest.mark.parametrize("text", ["640", "big", "480x", "native"])
def test_parse_size_rejects_other_texts(text):
    assert parse_size("480x640") == (480, 640)
    with pytest.raises(SynthesisError, match=f"Expected a size such as 480x640 .*, got '{text}'"):
        parse_size(text)


@pytest.mark.parametrize("text", ["1", "1,2,3", "small,large"])
def test_parse_scales_rejects_other_texts(text):
    assert parse_scales("0.9, 1.1") == (0.9, 1.1)
    with pytest.raises(SynthesisError, match=f"Expected two scales such as 0.75,1.35, got '{text}'"):
        parse_scales(text)


def test_resolve_instrument_labels_takes_numbers_and_names():
    classes = ("background", "shaft", "tip")
    assert resolve_instrument_labels((2, 1), classes) == resolve_instrument_labels(("tip", "1"), classes) == (1, 2)
    for labels, text in (((3,), "'3'"), (("0",), "'0'"), (("background",), "'background'"), ((), "none")):
        with pytest.raises(
            SynthesisError,
            match=rf"among shaft, tip or their labels from 1 to 2, got {text}: correct --instrument-labels",
        ):
            resolve_instrument_labels(labels, classes)
