"""Provenance holds everything in run.json, and missing conditions are reported."""

from __future__ import annotations

from dataclasses import replace

from robustbench_endo.reports.data.metrics import heading, metrics_present
from robustbench_endo.reports.data.provenance import (
    as_text,
    corruption_facts,
    failures,
    glossary,
    model_facts,
    notes,
    protocol_statement,
    provenance,
)


def test_provenance_contains_every_value_of_the_run(make_run):
    def extend(frame, info):
        info["something_new"] = {"depth": 3}
        info["failures"] = [{"id": "x.png", "reason": "truncated"}]

    results = make_run(gallery=False, edit=extend)
    values = [value for _, facts in provenance(results) for _, value in facts]
    for key in ("name", "command", "commit", "python", "device", "protocol"):
        assert results.info[key] in values
    assert {"3", "2025-03-04 10:11:12 UTC", "9f2c51d4c1aa", "77aa31cc", "10.50 s", "0.1.0"} <= set(values)
    assert failures(results) == [("x.png", "truncated")]
    assert ("Weights SHA-256", f"{1:064x}") in model_facts(results)[1]


def test_provenance_counts_the_checksums_of_images(usual_run):
    files = {"summary.csv": "ab", "gallery/0/clean.webp": "cd", "gallery/0/smoke/1.webp": "ef"}
    facts = dict(provenance(replace(usual_run, info={**usual_run.info, "files": files})))["Files"]
    assert [value for _, value in facts] == ["ab", "2, their checksums are in run.json"]


def test_provenance_names_what_timings_are(usual_run):
    timings = dict(dict(provenance(usual_run))["Timings"])
    assert timings["Forward (summed over threads)"] == "3.00 s"
    assert timings["Total (elapsed)"] == "10.50 s"


def test_model_facts_say_that_a_model_was_trained_on_no_corruption(make_run):
    def edit(frame, info):
        info["models"][0]["trained_on"] = []
        info["models"][1]["trained_on"] = ["smoke", "jpeg_compression"]

    first, second, _ = (dict(facts) for facts in model_facts(make_run(gallery=False, edit=edit)))
    assert first["Trained on"] == "no corruption"
    assert second["Trained on"] == "Smoke, JPEG compression"


def test_provenance_omits_the_identity_and_unset_options(make_run):
    def extend(frame, info):
        info["identity"] = {"hash": "not for readers"}
        info["config"] = {"batch_size": 4, "limit": None}

    sections = dict(provenance(make_run(gallery=False, edit=extend)))
    assert sections["Config"] == [("Batch size", "4")]
    assert "not for readers" not in str(sections)


def test_corruption_facts_have_name_unit_and_severities(usual_run):
    facts = corruption_facts(usual_run)[0]
    parameters = [("strength (fraction of the full range)", ["0.1", "0.2", "0.3", "0.4", "0.5"])]
    assert facts.parameters == parameters
    assert facts.citation == "Nobody, 2025"


def test_as_text_formats_values_for_readers():
    assert as_text(1_234_567) == "1\u202f234\u202f567"
    assert as_text(None) == as_text("") == "–"
    assert as_text([1, 2]) == "1, 2"
    assert as_text({"batch": 4, "limit": None}) == "batch 4"
    assert as_text(True) == "yes"


def test_notes_contain_missing_conditions(make_run):
    def remove(frame, info):
        return frame.drop(frame.index[(frame["corruption"] == "smoke") & (frame["model"] == "tiny-resnet/mmoe")])

    lines = notes(make_run(gallery=False, edit=remove))
    assert lines[0] == "The activity is a proxy."
    assert lines[1].count("tiny-resnet/mmoe: Smoke at severity") == 5


def test_glossary_explains_every_metric(usual_run):
    terms = dict(glossary(usual_run))
    metrics = [usual_run.metric(name) for name in metrics_present(usual_run)]
    assert all(metric.description in terms[heading(metric)] for metric in metrics)


def test_protocol_statement_describes_each_protocol():
    assert protocol_statement("endoarss") != protocol_statement("standard")
    assert "mine" in protocol_statement("mine")


def test_notes_name_severities_that_clinicians_do_not_call_plausible(make_run):
    def state(frame, info):
        next(entry for entry in info["corruptions"] if entry["name"] == "smoke")["plausible"] = [1, 3]

    results = make_run(gallery=False, corruptions=["smoke", "contrast"], severities=[1, 3, 5], edit=state)
    (sentence,) = [note for note in notes(results) if "plausible" in note]
    assert sentence == "Smoke: severity 5 is outside the range that clinicians rate plausible (1 to 3)."


def test_notes_compare_the_severity_of_a_target_with_the_plausible_ones(make_run):
    def state(frame, info):
        next(entry for entry in info["corruptions"] if entry["name"] == "smoke")["plausible"] = [1, 3]
        solved = {"name": "smoke", "severity": 4.562, "distortion": 0.4}
        info["target_distortion"] = {"target": 0.4, "corruptions": [solved]}

    results = make_run(gallery=False, corruptions=["smoke"], severities=[1], edit=state)
    assert "Smoke: severity 4.562 is outside the range that clinicians rate plausible (1 to 3)." in notes(results)
