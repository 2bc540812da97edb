"""gate.json of a run folder: computed again from the records, and refused where it says something else."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pytest

from robustbench_endo.gate import gate_problem, load_gate, run_gate
from robustbench_endo.results import load_results
from robustbench_endo.results.integrity import write_run
from robustbench_endo.results.io import write_table


@pytest.fixture(scope="module")
def folders(run_of, plan_of, tmp_path_factory):
    """Two run folders, the first with a gate.json of a bound and a margin to the second."""
    paths = {}
    for name, level in (("old", 0.75), ("new", 0.8)):
        run = run_of({("new", "smoke", 3): level + np.linspace(-0.05, 0.05, 8)}, name=name)
        folder = tmp_path_factory.mktemp(name)
        write_table(folder / "results.parquet", pa.Table.from_pandas(run.frame, run.schema, preserve_index=False))
        write_run(folder, run.info)
        paths[name] = folder
    plan = plan_of({"at_least": 0.5}, {"non_inferior": 0.02}, {"at_least": 0.9})
    run_gate(paths["new"], plan, paths["old"]).write(paths["new"] / "gate.json")
    return paths


@pytest.fixture
def new(folders, tmp_path):
    """A copy of the run with the gate."""
    return shutil.copytree(folders["new"], tmp_path / "new")


def edit(new, change):
    content = json.loads((new / "gate.json").read_text("utf-8"))
    change(content)
    (new / "gate.json").write_text(json.dumps(content), "utf-8")


def test_gate_problem_is_empty_for_what_was_computed(new, folders):
    results, old = load_results(new), load_results(folders["old"])
    assert load_gate(new).verdict == "fail"
    assert gate_problem(results) == gate_problem(results, old) == ""
    assert gate_problem(old) == ""  # no gate.json


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["criteria"][0].update(value=99.0),
        lambda content: content["criteria"][0].update(low=79.0),
        lambda content: content["criteria"][2].update(verdict="pass"),
        lambda content: content["criteria"].pop(0),
        lambda content: content.update(plan_toml=content["plan_toml"].replace("0.9", "0.1")),
    ],
)
def test_gate_problem_names_an_edited_file(change, new, folders):
    edit(new, change)
    results = load_results(new)
    assert gate_problem(results).endswith(".")
    assert gate_problem(results, load_results(folders["old"])).endswith(".")


def test_gate_problem_compares_everything_with_the_baseline(new, folders):
    edit(new, lambda content: content.update(verdict="pass"))
    assert "gate.json says pass" in gate_problem(load_results(new), load_results(folders["old"]))


def test_gate_problem_names_a_gate_of_other_records(new):
    edit(new, lambda content: content["run"].update(checksum="0" * 64))
    assert gate_problem(load_results(new)) == "gate.json is of other records than those of the run folder."
