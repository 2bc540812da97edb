"""Validation of the tool: versions, tests and checks of the run."""

from robustbench_endo.evaluation.provenance import versions
from robustbench_endo.evidence import validation
from robustbench_endo.evidence.validation import describe_run_environment, installation, own_tests, run_checks
from robustbench_endo.results.verify import Check


def test_installation_names_every_package_that_computes_a_number():
    assert installation()["versions"] == versions()
    assert {"robustbench-endo", "torch", "numpy", "numba", "scipy", "pandas"} <= set(versions())


def test_run_environment_is_that_of_the_run(results):
    described = describe_run_environment(results.info)
    assert described["versions"] == results.info["versions"]
    assert (described["seed"], described["precision"], described["device"]) == (0, "fp32", results.info["device"])


def test_run_checks_are_those_of_verify(results):
    names = [check.name for check in run_checks(results) if check.passed]
    assert len(names) == len(set(names)) > 12
    assert "results.parquet has the records of all chunks" in names


def test_own_tests_are_a_log_or_known_answers(monkeypatch):
    monkeypatch.setattr(validation, "run_self_test", lambda: [Check("a", "")])
    assert own_tests(None, "") == {"kind": "self-test", "checks": [{"name": "a", "passed": True, "problem": ""}]}
    assert own_tests(b"== 2 passed in 1.00s ==", "x.log")["passed"] == 2
