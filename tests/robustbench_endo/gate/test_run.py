"""A gate on a run: its identity, its notes and its determinism."""

from robustbench_endo.gate import run_gate
from robustbench_endo.results.integrity import content_sha256


def test_run_gate_names_the_run_the_baseline_and_the_plan(run_of, plan_of):
    new, old = (run_of(name=name) for name in ("new", "old"))
    plan = plan_of({"non_inferior": 0.02}, {"at_least": 0.5}, name="release", alpha=0.1)
    report = run_gate(new, plan, old)
    assert (report.verdict, report.name, report.alpha, report.plan_sha256) == ("pass", "release", 0.1, plan.sha256)
    assert (report.run.name, report.run.checksum) == ("new", content_sha256(new.info))
    assert (report.run.frames, report.run.subjects, report.baseline.name) == (80, 8, "old")
    assert report.to_json() == run_gate(new, plan, old).to_json()


def test_order_of_records_changes_nothing(run_of, plan_of):
    run = run_of()
    shuffled = type(run)(run.frame.sample(frac=1, random_state=1), run.info)
    plan = plan_of({"at_least": 0.5}, {"metric": "accuracy", "at_least": 0.5})
    first, second = (run_gate(each, plan).criteria for each in (run, shuffled))
    assert [each.verdict for each in first] == [each.verdict for each in second]
    assert [round(each.low, 9) for each in first] == [round(each.low, 9) for each in second]
