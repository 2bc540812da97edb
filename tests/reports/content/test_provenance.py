"""Nothing that run.json says is lost, and what is missing is said."""

from __future__ import annotations

from robustbench_endo.reports.data.gallery import worst_frames
from robustbench_endo.reports.data.metrics import heading, metric, metrics_present
from robustbench_endo.reports.data.operating_envelope import relative_robustness
from robustbench_endo.reports.data.provenance import (
    corruption_facts,
    failures,
    glossary,
    model_facts,
    notes,
    protocol_statement,
    provenance,
    written,
)


def test_every_value_of_the_run_is_told(make_run):
    def extend(frame, info):
        info["something_new"] = {"depth": 3}
        info["failures"] = [{"id": "x.png", "reason": "truncated"}]

    results = make_run(gallery=False, edit=extend)
    told = [value for _, facts in provenance(results) for _, value in facts]
    for key in ("name", "command", "commit", "python", "device", "protocol"):
        assert results.info[key] in told
    assert {"3", "2025-03-04 10:11:12 UTC", "9f2c51d4c1aa", "77aa31cc", "10.50 s", "0.1.0"} <= set(told)
    assert failures(results) == [("x.png", "truncated")]
    assert ("Weights SHA-256", f"{1:064x}") in model_facts(results)[1]


def test_parameters_carry_name_unit_and_severities(usual_run):
    facts = corruption_facts(usual_run)[0]
    assert facts.parameters == [("strength (share of full range)", ["0.1", "0.2", "0.3", "0.4", "0.5"])]


def test_values_are_written_for_readers():
    assert written(1_234_567) == "1\u202f234\u202f567"
    assert written(None) == written("") == "–"
    assert written([1, 2]) == "1, 2"
    assert written(True) == "yes"


def test_missing_conditions_are_notes(make_run):
    def lose(frame, info):
        return frame.drop(frame.index[(frame["corruption"] == "smoke") & (frame["model"] == "tiny-resnet/mmoe")])

    found = notes(make_run(gallery=False, edit=lose))
    assert found[0] == "The activity is a proxy."
    assert found[1].count("tiny-resnet/mmoe: Smoke at severity") == 5


def test_every_metric_is_explained(usual_run):
    results = usual_run
    terms = dict(glossary(results))
    assert all(metric(name).description in terms[heading(metric(name))] for name in metrics_present(results))


def test_the_protocol_is_said_in_words():
    assert protocol_statement("endoarss") != protocol_statement("standard")
    assert "mine" in protocol_statement("mine")


def test_a_model_holds_up_to_the_last_severity_above_its_share(usual_run):
    results = usual_run
    held = relative_robustness(results, share=0.7)
    scores = results.scores().set_index(["model", "corruption", "severity"])["miou"]
    for (_, entries), name in zip(held.rows, results.corruptions, strict=True):
        for model, found in zip(results.models, entries, strict=True):
            limit = 0.7 * scores[model, "clean", 0]
            kept = [scores[model, name, s] >= limit for s in results.severities]
            assert found == (kept.index(False) if False in kept else 5)


def test_an_unknown_severity_is_not_a_zero(make_run):
    def lose(frame, info):
        return frame.drop(frame.index[(frame["corruption"] == "smoke") & (frame["severity"] == 3)])

    rows = dict(relative_robustness(make_run(gallery=False, edit=lose)).rows)
    assert rows["Smoke"] == (None, None, None)


def test_the_worst_frames_fell_deepest(usual_run):
    results = usual_run
    frame = results.frame.set_index(["model", "image_id"])
    clean = frame[frame["corruption"] == "clean"]["miou"]
    falls = (frame["miou"] - clean.reindex(frame.index)).to_numpy()
    worst = worst_frames(results)
    assert len(worst) == 12
    assert float(worst[0].score) - float(worst[0].clean_score) < 100 * falls.min() + 0.02
    assert len({(row.model, row.corruption, row.image_id) for row in worst}) == 12
