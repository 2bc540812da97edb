"""The composite action of the gate: its steps run in bash as on a runner, on a small run, with every verdict."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import robustbench_endo as rb

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / ".github" / "actions" / "gate" / "action.yml").read_text("utf-8"))
PLAN = """
min_subjects = 2
[[criteria]]
id = "jpeg"
metric = "dice"
corruption = "jpeg_compression"
severities = [1]
at_least = {bound}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of a shipped model on eight frames of two patients, in a folder whose name has a blank."""
    out = tmp_path_factory.mktemp("action") / "the run"
    data = rb.load_dataset("synthetic", frames=8, size=(64, 80))
    model = rb.load_model("tiny-resnet/mmoe", weights="pretrained")
    rb.evaluate({"mmoe": model}, data, "jpeg_compression", (1,), out, gallery_frames=0)
    return out


@pytest.fixture
def action(tmp_path):
    """Run the steps with inputs; the exit code of the first that fails, its outputs, the summary and the commands."""

    def call(event="push", **inputs):
        values = {name: str(inputs.get(name, each.get("default", ""))) for name, each in ACTION["inputs"].items()}
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        for name, line in (
            ("robust-endo", f'exec "{sys.executable}" -m robustbench_endo "$@"'),
            ("gh", 'echo "gh $@"'),
        ):
            (folder / name).write_text(f"#!/bin/bash\n{line}\n")
            (folder / name).chmod(0o755)
        files = {name: tmp_path / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        outputs, printed = {}, ""
        for step in ACTION["runs"]["steps"]:
            if "if" in step and not (values["comment"] == "true" and event == "pull_request"):
                continue
            context = {f"inputs.{name}": value for name, value in values.items()}
            context |= {f"steps.gate.outputs.{name}": value for name, value in outputs.items()}
            context |= {"github.token": "t", "github.event.number": "7", "github.repository": "org/project"}
            variables = {name: _expanded(text, context) for name, text in step["env"].items()}
            path = f"{folder}{os.pathsep}{os.environ['PATH']}"
            environment = {**os.environ, **variables, **{name: str(file) for name, file in files.items()}, "PATH": path}
            command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
            done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
            outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
            printed += done.stdout + done.stderr
            if done.returncode:
                break
        return done.returncode, outputs, files["GITHUB_STEP_SUMMARY"].read_text("utf-8"), printed

    return call


def _expanded(text, context):
    return re.sub(r"\$\{\{ (\S+) \}\}", lambda match: context[match[1]], text)


def test_action_declares_inputs_and_a_shell_for_every_step():
    assert {name for name, each in ACTION["inputs"].items() if each.get("required")} == {"run", "plan"}
    assert all(each["description"] for each in (*ACTION["inputs"].values(), *ACTION["outputs"].values()))
    for step in ACTION["runs"]["steps"]:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "an input in a script would be code"


@pytest.mark.parametrize(("bound", "verdict", "code"), [(0.01, "pass", 0), (0.99, "undecided", 5)])
def test_action_fails_unless_the_gate_passes(bound, verdict, code, action, run, tmp_path):
    (tmp_path / "a plan.toml").write_text(PLAN.format(bound=bound))
    comment = {"event": "pull_request", "comment": "true"} if code else {}
    returned, outputs, summary, printed = action(run=run, plan="a plan.toml", model="mmoe", **comment)
    assert (returned, outputs) == (code, {"verdict": verdict, "exit-code": str(code)}), printed
    assert f"### Acceptance gate: {'⚠️' if code else '✅'} {verdict}" in summary
    assert {path.name for path in (tmp_path / "gate-report").iterdir()} == {
        "gate.json",
        "gate.xml",
        "gate.md",
        "gate.log",
    }
    assert ("gh pr comment 7 --repo org/project --body-file gate-report/gate.md" in printed) == bool(comment)


def test_action_fails_for_a_plan_that_cannot_be_used(action, run, tmp_path):
    (tmp_path / "$(touch hacked).toml").write_text("alpha = 3\n")
    returned, outputs, summary, printed = action(run=run, plan="$(touch hacked).toml")
    assert (returned, outputs) == (2, {"verdict": "error", "exit-code": "2"}), printed
    assert "Error: Expected" in summary
    assert not (tmp_path / "hacked").exists()
