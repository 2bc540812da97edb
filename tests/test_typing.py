"""The public interface is typed: a type checker knows the signatures behind the lazy imports."""

import os
import re
from pathlib import Path

import pytest

import robustbench_endo as rb
from robustbench_endo import __version__

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


RESULTS = ("scores()", "to_json()", "compare()")
SOURCE = "\n".join(
    (
        "import robustbench_endo as rb",
        "reveal_type(rb.evaluate)",
        "rb.evaluate(3, 4, severity=99)",
        "reveal_type(rb.__version__)",
        *(f"reveal_type(rb.{name})" for name in rb.__all__),
        *(f"reveal_type(rb.load_results('run').{name})" for name in RESULTS),
    )
)


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """Number of a line of SOURCE -> what mypy prints of it. The three top-level folders form one package."""
    api = pytest.importorskip("mypy.api")
    folder = tmp_path_factory.mktemp("typing")
    package = folder / "robustbench_endo"
    package.mkdir()
    for item in (*(ROOT / "robustbench_endo").iterdir(), ROOT / "corruptions", ROOT / "reports"):
        (package / item.name).symlink_to(item)
    (folder / "user.py").write_text(SOURCE)
    options = ("--config-file", str(ROOT / "setup.cfg"), "--cache-dir", str(ROOT / ".mypy_cache"))
    before = Path.cwd()
    os.chdir(folder)
    try:
        output = api.run([*options, "user.py"])[0]
    finally:
        os.chdir(before)
    printed = dict.fromkeys(range(1, SOURCE.count("\n") + 2), "")
    for number, text in re.findall(r"^user\.py:(\d+): (.*)$", output, re.M):
        printed[int(number)] += text + "\n"
    return printed


def test_evaluate_has_its_signature(lines):
    assert "def (models: " in lines[2]
    assert "Mapping[" in lines[2]
    assert "-> robustbench_endo.results.results.Results" in lines[2]


def test_evaluate_rejects_wrong_arguments(lines):
    assert 'Argument 1 to "evaluate" has incompatible type "int"' in lines[3]
    assert 'Argument 2 to "evaluate" has incompatible type "int"' in lines[3]
    assert 'Unexpected keyword argument "severity"' in lines[3]


def test_version_is_a_string(lines):
    assert 'Revealed type is "builtins.str"' in lines[4] or 'Revealed type is "str"' in lines[4]
    assert __version__.count(".") == 2


def test_public_names_are_not_any(lines):
    revealed = [lines[number] for number in range(5, len(lines) + 1)]
    assert len(revealed) == len(rb.__all__) + len(RESULTS)
    assert all("Revealed type is" in text for text in revealed)
    # pandas has no types of its own: the table of scores is the one exception.
    assert [text for text in revealed if 'is "Any"' in text] == revealed[len(rb.__all__) : len(rb.__all__) + 1]
