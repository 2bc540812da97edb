from __future__ import annotations

from types import SimpleNamespace

import pytest

from robustbench_endo import plugins
from robustbench_endo.errors import RobustEndoError, UnknownNameError
from robustbench_endo.plugins import resolve

BUILTINS = {"small": dict, "large": list}


def test_resolve_returns_a_builtin():
    assert resolve("model", "small", BUILTINS) is dict


def test_resolve_prefers_a_builtin_to_an_entry_point(monkeypatch):
    points = [SimpleNamespace(name="small", load=lambda: set), SimpleNamespace(name="mine", load=lambda: tuple)]
    groups = {"robustbench_endo.models": points}
    monkeypatch.setattr(plugins, "entry_points", lambda group: groups.get(group, []))
    assert resolve("model", "small", BUILTINS) is dict
    assert resolve("model", "mine", BUILTINS) is tuple
    with pytest.raises(UnknownNameError, match="mime.*did you mean mine"):
        resolve("model", "mime", BUILTINS)
    with pytest.raises(UnknownNameError):
        resolve("dataset", "mine", BUILTINS)


def test_resolve_imports_a_factory_from_a_module(tmp_path, monkeypatch):
    (tmp_path / "plugin_of_a_test.py").write_text("def build():\n    return 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert resolve("model", "plugin_of_a_test:build", {})() == 3


def test_resolve_imports_a_factory_from_a_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("build = dict\nsize = 4\n")
    assert resolve("dataset", f"{path}:build", {}) is dict
    with pytest.raises(RobustEndoError, match=r"Expected a callable 'size' in .*mine.py for the dataset .*, got int"):
        resolve("dataset", f"{path}:size", {})
    with pytest.raises(RobustEndoError, match="got nothing of that name: check the part after the colon"):
        resolve("dataset", f"{path}:absent", {})


def test_resolve_names_a_missing_module_or_file(tmp_path):
    with pytest.raises(
        RobustEndoError, match=r"Cannot import the module 'no_such' for the model: .* Install it or give"
    ):
        resolve("model", "no_such:build", {})
    with pytest.raises(RobustEndoError, match=r"Expected a Python file for the model, got no .*absent.py: check the"):
        resolve("model", f"{tmp_path / 'absent.py'}:build", {})


@pytest.mark.parametrize("content", ["1 / 0", "def (", "import no_such_module", "raise RuntimeError('a\\nb')", "\0"])
def test_resolve_names_a_file_whose_code_raises(tmp_path, content):
    (tmp_path / "mine.py").write_text(content)
    with pytest.raises(RobustEndoError, match=r"Cannot import '.*mine.py' for the model: \w+: .*\. Correct it"):
        resolve("model", f"{tmp_path}/mine.py:build", {})


@pytest.mark.parametrize("spec", [":", ":build", "..:build", "a b:c", ".x:y"])
def test_resolve_names_what_is_no_module(spec):
    with pytest.raises(RobustEndoError, match="Cannot import "):
        resolve("dataset", spec, {})
