"""The page on statistics: its examples and commands run, and it names what the code has."""

import re

import pytest
from docs_pages import DOCS, command_lines, read_page, run_command, run_python

import robustbench_endo as rb
from robustbench_endo.results import AGGREGATES
from robustbench_endo.results.resampling import smallest_p
from robustbench_endo.results.schema import KEYS, arrow_schema, record_columns
from robustbench_endo.tasks.registry import TASKS

PAGE = read_page("statistics")
TABLE = read_page("results")

pytestmark = pytest.mark.docs


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """A folder with a smaller version of the run of the page."""
    folder = tmp_path_factory.mktemp("user")
    models = {name: rb.load_model(name, weights="pretrained") for name in ("tiny-resnet/mmoe", "tiny-endoarss/tesla")}
    data = rb.load_dataset("synthetic", split="test")
    rb.evaluate(models, data, "contrast,saturate", (2, 5), folder / "runs" / "demo", limit=4)
    return folder


@pytest.mark.slow
def test_statistics_page_examples_run_in_order(run_folder, monkeypatch, capsys):
    monkeypatch.chdir(run_folder)
    run_python(PAGE, "statistics.md")
    output = capsys.readouterr().out
    assert "95 % intervals from" in output
    assert "p_holm" in output


@pytest.mark.slow
def test_statistics_page_commands_run(run_folder, monkeypatch):
    monkeypatch.chdir(run_folder)
    commands = command_lines(PAGE)
    assert len(commands) == 5
    for words in commands:
        run_command(words)


def test_statistics_page_explains_every_aggregate_and_the_minimum():
    assert [name for name in AGGREGATES if f"`{name}`" not in PAGE and name != "clean"] == []
    needed = next(number for number in range(2, 20) if smallest_p(number) <= 0.05)
    assert f"Below **{needed} subjects** no test can be significant" in PAGE


def test_statistics_page_has_the_measured_tables(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    import coverage_table

    for table in coverage_table.tables().split("\n\n"):
        assert table in PAGE


def test_results_page_has_every_column_with_type_and_meaning():
    labels = {task.name: ("a",) for task in TASKS}
    metrics = {task.name: [metric for metric in task.metrics() if metric.record_columns] for task in TASKS}
    types = {field.name: str(field.type) for field in arrow_schema(TASKS, labels, metrics)}
    columns = record_columns(TASKS, labels, metrics)
    plain = [column for column in columns if not re.search(r"_\d+$", column.name)]
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", TABLE, re.M))
    expected = {name: types[name] for name in (*KEYS, *(column.name for column in plain))}
    assert {name: rows.get(name) for name in expected} == expected
    repeated = {re.sub(r"_\d+$", "", name): kind for name, kind in types.items() if re.search(r"_\d+$", name)}
    assert dict(re.findall(r"^\| `(\w+?)_0` .*?\| (\w+) \|", TABLE, re.M)) == repeated
    for column in plain:
        assert f"| `{column.name}` | {types[column.name]} | {column.description} |" in TABLE
