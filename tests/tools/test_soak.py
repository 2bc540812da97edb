"""The soak: its bookkeeping, and one or two cheap trials of its sections."""

import json
import shutil
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "tools" / "soak"
SMALL_RUN = (
    *("evaluate", "--data", "synthetic@frames=8", "--model", "../light.py:build", "--resolution", "64", "--out", "run"),
    *("--corruption", "contrast", "--severity", "1,5", "--format", "none", "--batch-size", "1", "--workers", "1"),
)


@pytest.fixture
def soak(monkeypatch):
    """Imports a module of ``tools/soak``, which import each other as scripts do."""
    monkeypatch.syspath_prepend(str(SOAK))
    before = set(sys.modules)

    def load(name):
        return __import__(name)

    yield load
    for name in set(sys.modules) - before:
        if str(SOAK) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def base(soak, tmp_path, monkeypatch):
    """Frames and texts of the soak, without the parts that need a command."""
    small_files = soak("small_files")
    folder = tmp_path / "base"
    folder.mkdir()
    small_files.write_frames(folder / "frames")
    for name, text in (("light.py", small_files.FACTORY), ("suite.toml", small_files.SUITE)):
        (folder / name).write_text(text)
    return folder


def test_tally_counts_passed_and_failed_trials(soak):
    tally = soak("outcome").Tally("kills")
    tally.add()
    tally.add("differs", trials=3)
    outcome = tally.outcome("worst 2 s")
    assert (outcome.passed, outcome.total, outcome.failures, outcome.ok) == (1, 4, ("differs",), False)
    assert outcome.line().startswith("FAILED  kills: 1/4 in ")


def test_outcome_without_trials_is_no_success(soak):
    assert not soak("outcome").Tally("kills").outcome().ok


def test_merge_results_replaces_only_the_sections_that_ran(soak, tmp_path):
    run, outcome = soak("run"), soak("outcome")
    path = tmp_path / "soak.json"
    run.merge_results(
        path, {"fuzz": [outcome.SoakResult("fuzz", 1, 2, 3.0)], "signals": [outcome.SoakResult("s", 5, 5, 1)]}, 1
    )
    run.merge_results(path, {"fuzz": [outcome.SoakResult("fuzz", 2, 2, 3.0)]}, 0.5)
    sections = json.loads(path.read_text())["sections"]
    assert list(sections) == ["signals", "fuzz"]
    assert sections["fuzz"]["tests"][0]["passed"] == 2
    assert (sections["fuzz"]["scale"], sections["signals"]["scale"]) == (0.5, 1)
    assert sections["fuzz"]["versions"]["torch"]


def test_run_section_reports_an_error_of_the_harness_as_failure(soak, tmp_path, monkeypatch):
    run = soak("run")
    monkeypatch.setitem(run.SECTIONS, "fuzz", "missing_module")
    (outcome,) = run.run_section("fuzz", 1.0, tmp_path)
    assert not outcome.ok
    assert "missing_module" in outcome.detail


def test_sections_have_a_module_with_run(soak):
    for module in soak("run").SECTIONS.values():
        assert callable(soak(module).run)


def test_content_of_a_run_ignores_times_only(soak, tmp_path):
    folders = soak("folders")
    info = {"created": "1", "seed": 0, "checksum": "x", "models": [{"name": "m"}]}
    (tmp_path / "run.json").write_text(json.dumps(info))
    before = folders.content_of(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({**info, "created": "2", "checksum": "y"}))
    assert folders.difference(before, folders.content_of(tmp_path)) == ""
    (tmp_path / "run.json").write_text(json.dumps({**info, "seed": 1}))
    assert folders.difference(before, folders.content_of(tmp_path)) == "run.json differs: seed 0 / 1"


def test_stray_files_are_hidden_and_temporary_ones(soak, tmp_path):
    for name in ("results.parquet", ".results.parquet.x1", "tmpabc"):
        (tmp_path / name).touch()
    assert sorted(soak("folders").stray_files(tmp_path)) == [".results.parquet.x1", "tmpabc"]


@pytest.mark.parametrize("kinds", ["BYTES", "TEXT", "JSON"])
def test_damage_is_reproducible_and_changes_most_files(soak, tmp_path, kinds):
    mutations = soak("mutations")
    content = json.dumps({"a": [1, 2.5, {"b": "text"}], "c": None}).encode() * (1 if kinds == "JSON" else 20)
    path, results = tmp_path / "file", []
    for _ in range(2):
        damaged = []
        for seed in range(30):
            path.write_bytes(content)
            mutations.damage_file(path, getattr(mutations, kinds), mutations.random.Random(seed))
            damaged.append(path.read_bytes())
        results.append(damaged)
    assert results[0] == results[1]
    assert sum(each != content for each in results[0]) >= 24


def test_command_is_killed_and_its_processes_are_recognised(soak, tmp_path, monkeypatch):
    commands = soak("commands")
    script = tmp_path / "program"
    script.write_text("#!/bin/sh\nsleep 60 &\nsleep 60\n")
    script.chmod(0o755)
    monkeypatch.setattr(commands, "PROGRAM", script)
    command = commands.Command((), tmp_path / "work")
    assert command.wait_until(lambda: len(command.survivors()) >= 1, timeout=20)
    assert command.send(signal.SIGKILL)
    assert command.wait(20).code == -signal.SIGKILL
    assert command.survivors()
    command.kill_session()
    deadline = time.monotonic() + 20
    while command.survivors() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not command.survivors()


@pytest.mark.slow
def test_kill_and_resume_gives_identical_files(soak, tmp_path):
    kills, evaluate, folders = soak("kills"), soak("kills_evaluate"), soak("folders")
    # Soon after the first chunk, so that there is something to resume from and the process still runs.
    loop = replace(next(phase for phase in evaluate.PHASES if phase.name == "loop"), share=0.2)
    files = (*(name for name in folders.RUN_FILES if name != "report.html"), "gallery/index.json")
    target = replace(evaluate.TARGET, arguments=SMALL_RUN, phases=(loop,), files=files)
    (tmp_path / "light.py").write_text(soak("small_files").FACTORY.replace("0 * light", "*[0 * light] * 5"))
    outcome = kills.kill_repeatedly("kills", target, tmp_path, 1)
    assert outcome.ok, outcome.failures
    assert outcome.total == 1
    assert "loop 1" in outcome.detail


@pytest.mark.slow
def test_fuzz_case_of_each_cheap_kind_has_no_problem(soak, base, tmp_path):
    cases = [case for case in soak("fuzz_cases").file_cases(base, 0.001) if case.kind in ("images", "suites")]
    shutil.rmtree(tmp_path / "cases", ignore_errors=True)
    verdicts = soak("inprocess").run_cases(cases, tmp_path / "cases", jobs=1)
    assert len(verdicts) == 2
    assert [verdict.problem for verdict in verdicts if verdict.problem] == []


def test_general_problem_names_tracebacks_and_files_outside(soak, tmp_path):
    inprocess, folders = soak("inprocess"), soak("folders")
    work = tmp_path / "work"
    work.mkdir()
    (work / "input").write_text("x")
    before = folders.listing(tmp_path)

    def problem(**changes):
        reply = inprocess.Reply(
            **{"code": 0, "stdout": "", "stderr": "", "error": "", "cpu_s": 0.0, "peak_mb": 1.0, **changes}
        )
        return inprocess.general_problem(inprocess.Done((), work, before, reply))

    assert problem() == ""
    assert problem(code=2, stderr="Error: Expected x, got y: do z.\n") == ""
    assert "0 errors" in problem(code=2, stderr="")
    assert "Unexpected error" in problem(code=2, stderr="Unexpected error: KeyError\n")
    assert problem(error="Traceback\nValueError: x\n") == "ValueError: x"
    (work / "out").mkdir()
    (work / "out" / "file").touch()
    assert problem() == ""
    (tmp_path / "escaped").touch()
    assert problem() == "outside the output folder 1 files differ: escaped"


@pytest.mark.parametrize(
    ("name", "content", "effect"),
    [
        ("a.html", b"<p><soaktrap onsoak></p>", "element soaktrap"),
        ("a.html", b"<p>&lt;soaktrap onsoak&gt;</p>", ""),
        ("a.html", b"<script>soaktrap()</script>", "script"),
        ("a.html", b'<script type="application/json">"soaktrap()"</script>', ""),
        ("a.md", b"| <soaktrap> |", "markup"),
        ("a.md", b"| \\<soaktrap\\> |", ""),
        ("a.tex", b"\\soaktrap{}", "a macro"),
        ("a.tex", b"\\textbackslash{}soaktrap", ""),
        ("a.csv", b"name,value\n=cmd|x,1\n", "the formula '=cmd|x'"),
        ("a.csv", b"name,value\n'=cmd|x,-1.5\n", ""),
    ],
)
def test_effects_of_names_are_recognised(soak, name, content, effect):
    assert soak("trap_names").effects_in(name, content) == effect


@pytest.mark.parametrize("kind", ["chunks swapped", "summary.csv", "gallery image renamed", "model removed"])
def test_tampering_changes_the_run(soak, tmp_path, kind):
    run = tmp_path / "run"
    for folder in ("records", "gallery/0"):
        (run / folder).mkdir(parents=True)
    for number in (0, 1):
        (run / "records" / f"chunk-0000{number}.parquet").write_text(str(number))
        (run / "gallery" / "0" / f"{number}.png").write_text(str(number))
    (run / "summary.csv").write_text("model,value\na,12.5\n")
    (run / "run.json").write_text('{"models": [1]}')
    before = soak("folders").listing(run)
    soak("tampering").EDITS[kind](run, tmp_path)
    assert soak("folders").listing(run) != before
