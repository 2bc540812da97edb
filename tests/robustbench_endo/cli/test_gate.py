"""`robust-endo gate`: exit codes, files, and one sentence for what cannot be decided."""

import json
import shutil

import pytest

import robustbench_endo as rb
from robustbench_endo.gate import load_gate

PLAN = """
min_subjects = 2
[[criteria]]
id = "contrast"
metric = "dice"
corruption = "contrast"
severities = [3]
at_least = {bound}
"""


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A run of one shipped model on eight frames of two patients."""
    out = tmp_path_factory.mktemp("gate") / "run"
    model = rb.load_model("tiny-resnet/mmoe", weights="pretrained")
    data = rb.load_dataset("synthetic", frames=8, size=(64, 80))
    rb.evaluate({"mine": model}, data, "contrast", (3,), out, gallery_frames=0)
    return out


@pytest.fixture
def run(original, tmp_path):
    """A copy of the run."""
    return shutil.copytree(original, tmp_path / "run")


@pytest.fixture
def plan(tmp_path):
    """Write a plan with a bound."""

    def write(bound=0.2, text=PLAN):
        path = tmp_path / "acceptance.toml"
        path.write_text(text.format(bound=bound))
        return path

    return write


@pytest.mark.parametrize(
    ("bound", "verdict", "exit_code"), [(0.01, "pass", 0), (0.99, "fail", 4), (None, "undecided", 5)]
)
def test_gate_exits_with_the_verdict(bound, verdict, exit_code, robust_endo, run, plan):
    few = PLAN.replace("min_subjects = 2", "") if bound is None else PLAN
    done = robust_endo("gate", run, "--plan", plan(bound or 0.01, few))
    assert done.exit_code == exit_code, done.output
    assert f"Verdict: {verdict}" in done.stdout
    assert load_gate(run).verdict == verdict
    assert rb.load_results(run).models == ["mine"]  # its checksums still fit


def test_gate_writes_every_file(robust_endo, run, plan, tmp_path):
    files = {name: tmp_path / f"gate.{name}" for name in ("json", "xml", "md")}
    options = ("--out", files["json"], "--junit", files["xml"], "--markdown", files["md"], "--json", "--model", "mine")
    done = robust_endo("gate", run, "--plan", plan(), *options)
    summary = json.loads(done.stdout)
    assert summary["exit_code"] == done.exit_code
    assert summary["paths"] == [str(path) for path in files.values()]
    stored = json.loads(files["json"].read_text("utf-8"))
    assert {name: summary[name] for name in stored} == stored
    assert "Verdict: " in done.stderr
    assert not (run / "gate.json").exists()
    first = files["json"].read_bytes()
    robust_endo("gate", run, "--plan", plan(), *options)
    assert files["json"].read_bytes() == first


def test_gate_refuses_a_damaged_run(robust_endo, run, plan):
    (run / "results.parquet").write_bytes((run / "results.parquet").read_bytes()[:-1])
    done = robust_endo("gate", run, "--plan", plan(0.01))
    assert done.exit_code == 2
    assert "results.parquet changed" in done.stderr
    assert not (run / "gate.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Expected the option --plan, got none"),
        (("--plan", "no.toml"), "Cannot read the plan no.toml"),
        (("--plan", "PLAN", "--model", "other"), "Expected the name of a model of the run, got 'other'"),
        (("--plan", "PLAN", "--baseline", "no"), "Expected a finished run in no"),
        (("--plan", "PLAN", "--baseline", "RUN"), "Expected a criterion with non_inferior for the baseline run"),
        (("--plan", "PLAN", "--junit", "no/such/folder/a.xml"), "Cannot write no/such/folder/a.xml"),
        (("--plan", "RUN"), "Cannot read the plan"),
        (("--plan", "PLAN", "--junit", "RUN"), "Expected --junit to be a file"),
        (("--plan", "PLAN", "--markdown", "PLAN"), "Expected different files for --plan, --out, --junit and"),
        (("--plan", "PLAN", "--junit", "a.xml", "--markdown", "./a.xml"), "Expected different files for --plan"),
        (("--plan", "PLAN", "--out", "RUN/run.json"), "Expected --out to be none of the files of a run"),
    ],
)
def test_gate_refuses_other_input(arguments, message, robust_endo, run, plan):
    known = {"PLAN": plan(0.01), "RUN": run}
    done = robust_endo("gate", run, *[known.get(each, each.replace("RUN/", f"{run}/")) for each in arguments])
    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Verdict" not in done.stdout


def test_report_decides_a_plan_and_shows_it(robust_endo, run, plan, tmp_path):
    done = robust_endo("report", run, "--plan", plan(0.01), "--format", "html", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    assert "Verdict: pass" in done.stdout
    assert 'id="gate"' in (tmp_path / "report.html").read_text("utf-8")
    refused = robust_endo("report", run, "--baseline-run", run, "--format", "none")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "Expected --plan with --baseline-run" in refused.stderr
