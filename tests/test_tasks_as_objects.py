"""Tasks are objects: no other module branches on a task's name, and a further task needs no other change."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import robustbench_endo as rb
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.tasks import registry
from robustbench_endo.tasks.classification.task import Classification

ROOT = Path(__file__).parents[1]
NAMES = {task.name for task in registry.TASKS}

OWNERS = (
    "robustbench_endo/tasks/",
    "robustbench_endo/data/",  # readers provide the targets
    "robustbench_endo/synthesis/",  # writes data sets
    "robustbench_endo/reproduction/",  # the tables of the paper
    "reports/reproduction/",
    "robustbench_endo/models/heads.py",
)
"""Modules that belong to tasks by their purpose."""

DECLARATIONS = {
    "robustbench_endo/types.py": "keys of the targets that built-in readers provide",
    "robustbench_endo/models/endoarss_release.py": "the authors' decoder of each task",
    "robustbench_endo/models/external/smp.py": "the library's models segment",
    "robustbench_endo/models/external/hf.py": "the library's models segment",
    "robustbench_endo/cli/option_groups.py": "an option of synthesize is called activity",
    "robustbench_endo/evaluation/kernel_warm_up.py": "the targets of the frames that compile the kernels",
    "robustbench_endo/evidence/cards.py": "the hub's name of each task",
    "reports/data/frames.py": "the metric that orders the frames of each task",
    "robustbench_endo/training/config.py": "the loss weights of the paper's preset",
    "robustbench_endo/training/rebuild_checkpoints.py": "the recipe of the shipped weights",
}
"""Modules that name a task as data, without branching on it."""


def sources() -> list[Path]:
    files = [
        file for folder in ("corruptions", "robustbench_endo", "reports") for file in (ROOT / folder).rglob("*.py")
    ]
    return [file for file in files if not file.relative_to(ROOT).as_posix().startswith(OWNERS)]


def is_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value in NAMES


def literals(tree: ast.AST) -> list[ast.AST]:
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [node for node in ast.walk(tree) if is_name(node) and id(node) not in docstrings]


def branches(tree: ast.AST) -> list[int]:
    """Lines that compare with a task's name, look it up, or match it."""
    lines = []
    for node in ast.walk(tree):
        parts: list[ast.AST] = []
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Subscript):
            parts = [node.slice]
        elif isinstance(node, ast.MatchValue):
            parts = [node.value]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "pop"):
            parts = list(node.args[:1])
        lines += [part.lineno for part in parts if is_name(part)]  # type: ignore[attr-defined]
    return lines


def test_branches_on_a_task_name_are_detected():
    code = "if task == 'activity':\n  x['segmentation']\n  y.get('activity')\nz = {'activity': 1}\n"
    assert branches(ast.parse(code)) == [1, 2, 3]


def test_modules_outside_the_tasks_do_not_branch_on_a_task_name():
    lines_of = {file: branches(ast.parse(file.read_text("utf-8"))) for file in sources()}
    assert {str(file): lines for file, lines in lines_of.items() if lines} == {}


def test_modules_outside_the_tasks_name_a_task_only_as_declared_data():
    files = {file.relative_to(ROOT).as_posix() for file in sources() if literals(ast.parse(file.read_text("utf-8")))}
    assert files == set(DECLARATIONS)


class Phases:
    """A data set with a task that the package does not have."""

    name, classes, activities, phases = "phases", (), (), ("preparation", "dissection", "closure")
    ids = tuple(f"{index}.png" for index in range(6))
    subjects = ("a", "a", "b", "b", "c", "c")

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, index):
        image = torch.full((3, 48, 64), 40 * index, dtype=torch.uint8)
        return rb.types.Sample(image, {"phase": index // 2}, self.ids[index], self.subjects[index])


def by_brightness(images):
    """Phase by brightness: correct on clean frames."""
    level = images.mean((1, 2, 3)) * 255 / 80
    return {"phase": -(level[:, None] - torch.tensor([0.25, 1.25, 2.25])).abs()}


@pytest.fixture(scope="module")
def results():
    """A run of a task that one line adds to ``TASKS``; modules that imported the tuple before see the new one."""
    before = registry.TASKS
    package = [module for name, module in sys.modules.items() if name.startswith("robustbench_endo.")]
    importers = [module for module in package if vars(module).get("TASKS") is before]
    assert registry in importers
    with pytest.MonkeyPatch.context() as patch:
        phase = Classification("phase", title="Phase", label_attribute="phases")
        after = (*before, phase)
        for module in importers:
            patch.setattr(module, "TASKS", after)
        yield rb.evaluate({"bright": by_brightness}, Phases(), "brightness,contrast", (1, 5), device="cpu")
    for module in list(sys.modules.values()):  # modules that were first imported meanwhile
        if getattr(module, "__dict__", {}).get("TASKS") is after:
            module.TASKS = before  # type: ignore[attr-defined]


def test_task_from_outside_is_recorded_and_scored(results):
    assert [task.name for task in results.tasks] == ["phase"]
    frame = results.frame
    assert {"phase_target", "phase_prediction", "phase_confidence", "phase_entropy", "phase_brier"} <= set(frame)
    clean = frame[frame["corruption"] == "clean"]
    assert clean["phase_target"].tolist() == [0, 0, 1, 1, 2, 2]
    scores = results.scores().set_index(["corruption", "severity"])["phase_accuracy"]
    expected = 100 * np.mean(clean["phase_prediction"] == clean["phase_target"])
    assert scores["clean", 0] == pytest.approx(expected)
    assert results.table().loc[("mean", "all"), ("phase_accuracy", "bright")] <= expected
    assert {name: tuple(labels) for name, labels in results.labels.items()} == {"phase": Phases.phases}


def test_task_from_outside_is_reported(results, tmp_path):
    page = rb.report(results, tmp_path / "report.html").read_text("utf-8")
    assert heading(results.metric("phase_accuracy")) in page
    assert "Phase" in rb.report(results, tmp_path / "report.md").read_text("utf-8")
    assert ("mean", "all") in results.failures().index
    assert results.envelope({"phase_accuracy": 0.5})["corruption"].tolist() == ["brightness", "contrast"]
