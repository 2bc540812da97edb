"""Suites as TOML: the built-in ones, user files, and errors in them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from robustbench_endo.corruptions import SUITES, load_suite
from robustbench_endo.errors import RobustEndoError


@pytest.mark.parametrize(
    ("name", "reference_size", "resolution", "count"),
    [
        ("endo19", 256, 512, 19),
        ("endo-surgical", 256, 512, 12),
        ("endoarss", None, (256, 256), 19),
        ("imagenet-c", None, "native", 19),
    ],
)
def test_load_suite_loads_built_in_suites(
    name: str, reference_size: int | None, resolution: object, count: int
) -> None:
    suite = load_suite(name)
    assert (suite.name, suite.reference_size, suite.resolution) == (name, reference_size, resolution)
    assert len(suite.corruptions) == count


def test_load_suite_gives_different_suites() -> None:
    assert len({load_suite(name).fingerprint for name in SUITES}) == 4


def test_load_suite_reads_a_user_file(tmp_path: Path) -> None:
    path = tmp_path / "dim.toml"
    path.write_text(
        'extends = "endo19"\nresolution = [64, 96]\ncorruptions = ["noise", "smoke"]\n'
        "[gaussian_noise]\nstd = [1, 2, 3, 4, 5.5]\ngrain = 2\n"
    )
    suite = load_suite(path)
    assert suite.name == "dim"
    assert suite.reference_size == 256
    assert suite.resolution == (64, 96)
    assert len(suite.corruptions) == 5
    severities = [dataclasses.astuple(params) for params in suite.get("gaussian_noise").severities]
    assert severities == [(1.0, 2.0), (2.0, 2.0), (3.0, 2.0), (4.0, 2.0), (5.5, 2.0)]
    assert suite.get("smoke") == load_suite("endo19").get("smoke")


def test_load_suite_follows_extends_to_a_file(tmp_path: Path) -> None:
    (tmp_path / "first.toml").write_text(
        'name = "one"\nreference_size = "native"\n[shot_noise]\nphotons = [9, 8, 7, 6, 5]'
    )
    (tmp_path / "second.toml").write_text('extends = "first.toml"\n[impulse_noise]\nshare = 0.5')
    suite = load_suite(str(tmp_path / "second.toml"))
    assert suite.reference_size is None
    assert suite.get("shot_noise").severities[0].photons == 9.0
    assert suite.get("impulse_noise").severities[4].share == 0.5


WRONG = [
    ("resolutoin = 5", "got 'resolutoin': did you mean resolution"),
    ("[gausian_noise]\nstd = 1", "got 'gausian_noise': did you mean gaussian_noise"),
    ("[gaussian_noise]\nstdd = 1", "a parameter of gaussian_noise in suite mine, got 'stdd': did you mean std"),
    ("[gaussian_noise]\nstd = [1, 2]", r"gaussian_noise\.std: expected 5 values, one per severity, got 2"),
    ('[gaussian_noise]\nstd = "strong"', r"gaussian_noise\.std: expected values of type float, got 'strong'"),
    ("[gaussian_noise]\nstd = [1, 2, 3, 4, true]", "got True"),
    ("[jpeg_compression]\nquality = 7.5", r"quality: expected values of type int, got 7\.5"),
    ("resolution = 16", "expected resolution = a short side of 32 to 16384, .* got 16"),
    ("resolution = [64]", r"got \[64\]"),
    ('reference_size = "big"', "expected reference_size = 32 to 16384 pixels or \"native\", got 'big'"),
    ('corruptions = ["smok"]', "did you mean smoke"),
    ('extends = "endoarsss"', "got 'endoarsss': did you mean endoarss"),
    ('extends = "mine.toml"', "that do not extend each other in a circle"),
    ("a = = 1", "Cannot parse .*mine.toml: invalid TOML"),
]


@pytest.mark.parametrize(("content", "text"), WRONG)
def test_load_suite_rejects_a_wrong_file(content: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(content)
    with pytest.raises(RobustEndoError, match=text):
        load_suite(path)


def test_load_suite_rejects_a_missing_file_and_an_unknown_suite(tmp_path: Path) -> None:
    with pytest.raises(RobustEndoError, match=r"Cannot read the suite file .*none\.toml"):
        load_suite(tmp_path / "none.toml")
    with pytest.raises(RobustEndoError, match="got 'endo18': did you mean endo19"):
        load_suite("endo18")


def test_suite_file_states_plausible_severities_without_changing_pixels(tmp_path: Path) -> None:
    path = tmp_path / "rated.toml"
    path.write_text("[smoke]\nplausible = [1, 3.5]\n", encoding="utf-8")
    suite = load_suite(path)
    assert suite.get("smoke").plausible == (1, 3.5)
    assert suite.fingerprint == load_suite("endo19").fingerprint
    for value in ("[4, 2]", "[0, 3]", "3", '["a", "b"]'):
        path.write_text(f"[smoke]\nplausible = {value}\n", encoding="utf-8")
        with pytest.raises(RobustEndoError, match=r"smoke.plausible = \[lowest, highest\] severity from 1 to 5"):
            load_suite(path)
