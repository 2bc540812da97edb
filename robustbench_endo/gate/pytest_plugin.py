"""pytest plug-in: each criterion of an acceptance plan is a test.

``pytest --robust-plan acceptance.toml --robust-run runs/new`` adds the tests of the gate to those of a project. pytest
loads this module at every start: without ``--robust-plan`` it imports nothing else of the package.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from robustbench_endo.gate.report import CriterionResult

_OPTIONS = {
    "--robust-run": ("RUN", "run folder that the plan is decided on"),
    "--robust-baseline": ("RUN", "run folder that margins of the plan refer to"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the gate."""
    group = parser.getgroup("robustbench-endo", "acceptance gates of robustbench-endo")
    group.addoption("--robust-plan", metavar="PLAN", help="acceptance plan (TOML) whose criteria become tests")
    for name, (metavar, text) in _OPTIONS.items():
        group.addoption(name, metavar=metavar, help=text)
    group.addoption(
        "--robust-undecided",
        choices=("fail", "skip"),
        default="fail",
        help="outcome of an undecided criterion (default: fail, because it is no pass)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse options that are incomplete, before any test runs."""
    plan, run = config.getoption("--robust-plan"), config.getoption("--robust-run")
    if plan and not run:
        raise pytest.UsageError("Expected --robust-run with --robust-plan, got none: add the run folder.")
    if not plan and (run or config.getoption("--robust-baseline")):
        raise pytest.UsageError("Expected --robust-plan with --robust-run, got none: add the acceptance plan.")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add one test per criterion and model; -k and -m select among them as among others."""
    if config.getoption("--robust-plan"):
        gate = _Gate.from_parent(session, name=Path(config.getoption("--robust-plan")).name, nodeid="robust-endo")
        items += gate.collect()


class _Gate(pytest.Collector):
    """The criteria of the plan, decided at collection."""

    def collect(self) -> Iterator[pytest.Item]:
        from robustbench_endo.errors import RobustEndoError
        from robustbench_endo.gate.run import run_gate

        option = self.config.getoption
        try:
            report = run_gate(option("--robust-run"), option("--robust-plan"), option("--robust-baseline"))
        except RobustEndoError as error:
            raise pytest.UsageError(str(error)) from error
        for each in report.criteria:
            yield _CriterionItem.from_parent(self, name=f"{each.id}[{each.model}]", result=each)


class _CriterionItem(pytest.Item):
    """One criterion for one model."""

    def __init__(self, *, result: CriterionResult, **settings: Any) -> None:
        super().__init__(**settings)
        self.result = result

    def runtest(self) -> None:
        if self.result.verdict == "undecided" and self.config.getoption("--robust-undecided") == "skip":
            pytest.skip(f"undecided: {self.result.reason}")
        if self.result.verdict != "pass":
            raise _NotPassedError(f"{self.result.verdict}: {self.result.reason}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **settings: Any) -> Any:
        if isinstance(excinfo.value, _NotPassedError):
            return f"{self.result.metric}, {self.result.corruption}: {excinfo.value}"
        return super().repr_failure(excinfo, *args, **settings)

    def reportinfo(self) -> tuple[str, int | None, str]:
        return "robust-endo", None, self.name


class _NotPassedError(Exception):
    """A criterion that fails or is undecided."""
