"""The page on statistics: its examples and commands run, its words name what there is."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from robustbench_endo import api
from robustbench_endo.cli import main
from robustbench_endo.data.registry import load_dataset
from robustbench_endo.models import load_model
from robustbench_endo.results import AGGREGATES
from robustbench_endo.results.bootstrap import MIN_SUBJECTS
from robustbench_endo.results.schema import COUNTED, KEYS, MEASURED, arrow_schema

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "statistics.md").read_text("utf-8")
TABLE = (DOCS / "results.md").read_text("utf-8")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the run that the page speaks of, only smaller."""
    folder = tmp_path_factory.mktemp("user")
    models = {name: load_model(name, weights="pretrained") for name in ("tiny-resnet/mmoe", "tiny-endoarss/tesla")}
    data = load_dataset("synthetic", split="test", frames=3)
    api.evaluate(models, data, "contrast,saturate", (2, 5), folder / "runs" / "demo")
    return folder


def test_python_examples_in_order(workplace, monkeypatch, capsys):
    monkeypatch.chdir(workplace)
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.S):
        exec(compile(block, "statistics.md", "exec"), names)
    shown = capsys.readouterr().out
    assert "95 % intervals from 10,000 resamples of" in shown
    assert "p_holm" in shown


def test_commands(workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    lines = [line for block in re.findall(r"```bash\n(.*?)```", PAGE, re.S) for line in block.splitlines()]
    assert len(lines) == 4
    for line in lines:
        result = CliRunner().invoke(main, shlex.split(line)[1:], catch_exceptions=False)
        assert result.exit_code == 0, result.output


def test_every_aggregate_and_the_minimum_are_explained():
    own = {"clean"}
    assert [name for name in AGGREGATES if f"`{name}`" not in PAGE and name not in own] == []
    assert f"**{MIN_SUBJECTS} groups**" in PAGE


def test_every_column_is_in_the_table_with_type_and_meaning():
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", TABLE, re.M))
    schema = arrow_schema(1)
    plain = {field.name: str(field.type) for field in schema if not re.search(r"_\d+$", field.name)}
    assert {name: rows.get(name) for name in plain} == plain
    kinds = {re.sub(r"_\d+$", "", field.name): str(field.type) for field in schema if re.search(r"_\d+$", field.name)}
    found = dict(re.findall(r"^\| `(\w+?)_0` .*?\| (\w+) \|", TABLE, re.M))
    assert found == kinds
    for name, meaning in (MEASURED | COUNTED).items():
        assert f"| `{name}` | {plain[name]} | {meaning} |" in TABLE
    assert set(KEYS) <= set(rows)
