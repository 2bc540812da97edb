"""The public interface is typed: a type checker knows the signatures behind the lazy imports."""

from pathlib import Path

import pytest

import robustbench_endo as rb
from robustbench_endo import __version__

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def check_types(tmp_path_factory):
    """A function: source -> output of mypy. The three top-level folders form one package, as when installed."""
    api = pytest.importorskip("mypy.api")
    folder = tmp_path_factory.mktemp("typing")
    package = folder / "robustbench_endo"
    package.mkdir()
    for item in (*(ROOT / "robustbench_endo").iterdir(), ROOT / "corruptions", ROOT / "reports"):
        (package / item.name).symlink_to(item)
    cache = ROOT / ".mypy_cache"

    def check(source, monkeypatch):
        (folder / "user.py").write_text(source)
        monkeypatch.chdir(folder)
        options = ("--config-file", str(ROOT / "setup.cfg"), "--cache-dir", str(cache), "--follow-imports=silent")
        return api.run([*options, "user.py"])[0]

    return check


def test_evaluate_has_its_signature(check_types, monkeypatch):
    output = check_types("import robustbench_endo as rb\nreveal_type(rb.evaluate)\n", monkeypatch)
    assert "def (models: " in output
    assert "Mapping[" in output
    assert "-> robustbench_endo.results.results.Results" in output


def test_evaluate_rejects_wrong_arguments(check_types, monkeypatch):
    output = check_types("import robustbench_endo as rb\nrb.evaluate(3, 4, severity=99)\n", monkeypatch)
    assert 'Argument 1 to "evaluate" has incompatible type "int"' in output
    assert 'Argument 2 to "evaluate" has incompatible type "int"' in output
    assert 'Unexpected keyword argument "severity"' in output


def test_version_is_a_string(check_types, monkeypatch):
    output = check_types("import robustbench_endo as rb\nreveal_type(rb.__version__)\n", monkeypatch)
    assert 'Revealed type is "builtins.str"' in output or 'Revealed type is "str"' in output
    assert __version__.count(".") == 2


def test_public_names_are_not_any(check_types, monkeypatch):
    lines = [f"reveal_type(rb.{name})" for name in rb.__all__]
    lines += [f"reveal_type(rb.load_results('run').{name})" for name in ("scores()", "to_json()", "compare()")]
    output = check_types("\n".join(("import robustbench_endo as rb", *lines)), monkeypatch)
    revealed = [line for line in output.splitlines() if "Revealed type is" in line]
    assert len(revealed) == len(lines)
    # pandas has no types of its own: the table of scores is the one exception.
    assert [line for line in revealed if line.endswith('is "Any"')] == revealed[len(rb.__all__) : len(rb.__all__) + 1]
