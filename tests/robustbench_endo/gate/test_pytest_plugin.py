"""The pytest plug-in: one test per criterion, and nothing where it is not used."""

import shutil
import subprocess
import sys

import pyarrow as pa
import pytest

from robustbench_endo.gate import pytest_plugin
from robustbench_endo.results.integrity import write_run
from robustbench_endo.results.io import write_table

PLAN = """
[[criteria]]
id = "{id}"
metric = "dice"
corruption = "smoke"
severities = [1, 3]
at_least = {bound}
"""


class Outcomes:
    """What a session of pytest reports."""

    def __init__(self):
        self.reports = {}

    def pytest_runtest_logreport(self, report):
        if report.when == "call":
            self.reports[report.nodeid] = report.outcome


@pytest.fixture(scope="module")
def written(run_of, tmp_path_factory):
    """A run folder that is only read."""
    run, folder = (
        run_of({("new", "smoke", 3): [0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1]}),
        tmp_path_factory.mktemp("run"),
    )
    write_table(folder / "results.parquet", pa.Table.from_pandas(run.frame, run.schema, preserve_index=False))
    write_run(folder, run.info)
    return folder


@pytest.fixture
def folder(written, tmp_path):
    """A copy of the run folder."""
    return shutil.copytree(written, tmp_path, dirs_exist_ok=True)


@pytest.fixture
def run_pytest(folder, capsys):
    """Run pytest in this process on a folder without tests, with a plan of bounds."""

    def run(bounds, *arguments):
        (folder / "plan.toml").write_text("".join(PLAN.format(id=name, bound=bound) for name, bound in bounds.items()))
        (folder / "empty").mkdir(exist_ok=True)
        outcomes = Outcomes()
        options = ("-p", pytest_plugin.__name__, "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(folder))
        options += (str(folder / "empty"), "--robust-plan", str(folder / "plan.toml"))
        code = pytest.main([*options, *(arguments or ("--robust-run", str(folder)))], plugins=[outcomes])
        return int(code), outcomes.reports, "".join(capsys.readouterr())

    return run


def test_each_criterion_is_a_test(run_pytest):
    code, reports, output = run_pytest({"easy": 0.3, "close": 0.8, "hard": 0.98})
    assert code == 1
    assert reports == {
        "robust-endo::easy[new]": "passed", "robust-endo::close[new]": "failed", "robust-endo::hard[new]": "failed"
    }  # fmt: skip
    assert "dice, smoke: undecided: The interval from" in output
    assert "dice, smoke: fail: The upper end of the" in output
    assert "Traceback" not in output


def test_undecided_criteria_are_skipped_on_request(run_pytest, folder):
    code, reports, _ = run_pytest({"close": 0.8}, "--robust-run", str(folder), "--robust-undecided", "skip")
    assert (code, list(reports.values())) == (0, ["skipped"])


def test_criteria_are_selected_by_name(run_pytest, folder):
    code, reports, _ = run_pytest({"easy": 0.3, "hard": 0.98}, "--robust-run", str(folder), "-k", "easy")
    assert (code, list(reports)) == (0, ["robust-endo::easy[new]"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-q",), "Expected --robust-run with --robust-plan, got none"),
        (("--robust-run", "no"), "Expected a finished run in no"),
        (("--robust-run", "RUN", "--robust-baseline", "RUN"), "Expected a criterion with non_inferior"),
        (("--robust-plan", "", "--robust-run", "RUN"), "Expected --robust-plan with --robust-run, got none"),
        (("--robust-plan", "no.toml", "--robust-run", "RUN"), "Cannot read the plan no.toml"),
    ],
)
def test_other_options_are_usage_errors(arguments, message, run_pytest, folder):
    code, reports, output = run_pytest({"easy": 0.3}, *(str(folder) if each == "RUN" else each for each in arguments))
    assert (code, reports) == (4, {})
    assert message in output
    assert "Traceback" not in output


def test_the_plugin_imports_nothing_heavy():
    script = f"import sys, {pytest_plugin.__name__}; print(*sys.modules)"
    names = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    assert {"torch", "numpy", "pandas", "robustbench_endo.results"}.isdisjoint(names)
