"""Error messages for unknown names and missing packages."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from robustbench_endo.corruptions.errors import (
    CorruptionError,
    OptionalDependencyError,
    RobustEndoError,
    UnknownNameError,
    import_optional,
    unknown_name,
)


def test_errors_have_one_base_class() -> None:
    assert all(
        issubclass(kind, RobustEndoError) for kind in (CorruptionError, OptionalDependencyError, UnknownNameError)
    )
    assert issubclass(RobustEndoError, ValueError)
    assert issubclass(OptionalDependencyError, ImportError)


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("corruption", "smok", "Expected the name of a corruption, got 'smok': did you mean smoke?"),
        ("activity", "xyzzy", "Expected the name of an activity, got 'xyzzy': choose from smoke, contrast."),
    ],
)
def test_unknown_name_suggests_the_closest(kind: str, name: str, message: str) -> None:
    assert str(unknown_name(kind, name, ("smoke", "contrast"))) == message


def test_import_optional_returns_the_module() -> None:
    assert import_optional("importlib.metadata", "a test", "train") is sys.modules["importlib.metadata"]


def test_import_optional_names_package_purpose_and_extra() -> None:
    with pytest.raises(OptionalDependencyError) as error:
        import_optional("no_such_package.part", purpose="a test", extra="train")
    assert str(error.value) == (
        "Expected the package no_such_package for a test, got an installation without it: "
        "pip install 'robustbench-endo[train]'."
    )


def test_import_optional_quotes_the_error_of_a_broken_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_package.py").write_text("import no_such_dependency")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(OptionalDependencyError, match="got an error at its import .*no_such_dependency"):
        import_optional("broken_package", purpose="a test", extra="train")
