"""Suites that select the implementation of a corruption."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_endo.corruptions import load_suite
from robustbench_endo.corruptions.errors import UnknownNameError
from robustbench_endo.corruptions.registry import VARIANTS


def test_imagenet_c_and_endoarss_select_the_models_of_the_reference() -> None:
    for suite in ("imagenet-c", "endoarss"):
        for variant in VARIANTS:
            assert type(load_suite(suite).get(variant.name)) is type(variant)
    assert all(load_suite("endo19").get(variant.name).model == "endo" for variant in VARIANTS)
    assert [params.under for params in load_suite("endoarss").get("gamma_correction").severities] == [
        1.6,
        1.4,
        1.2,
        0.8,
        0.6,
    ]


def test_suite_files_select_a_model(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[brightness]\nmodel = "imagenet-c"\noffset = 0.2\n', encoding="utf-8")
    assert [params.offset for params in load_suite(str(path)).get("brightness").severities] == [0.2] * 5
    path.write_text('extends = "imagenet-c"\n[contrast]\nmodel = "endo"\n', encoding="utf-8")
    suite = load_suite(str(path))
    assert suite.get("contrast").model == "endo"
    assert suite.fingerprint != load_suite("imagenet-c").fingerprint
    path.write_text('[contrast]\nmodel = "imagenet"\n', encoding="utf-8")
    with pytest.raises(UnknownNameError, match="imagenet-c"):
        load_suite(str(path))
