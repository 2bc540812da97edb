"""The description of a report: the same id for the same content, intended use only as stated."""

from __future__ import annotations

import pytest

from robustbench_endo.reports.data.document import document
from robustbench_endo.results import Resampling


@pytest.fixture
def small(make_run):
    return make_run(["one"], ["smoke"], [1], frames=2, gallery=False)


def test_document_id_depends_on_records_settings_and_use(usual_run, small):
    first = document(small, False, "", "")
    assert first.id == document(small, False, "", "").id
    others = [
        document(usual_run, False, "", ""),
        document(small, True, "", ""),
        document(small, Resampling(confidence=0.9), "", ""),
        document(small, False, "Release test.", ""),
    ]
    assert len({first.id, *(other.id for other in others)}) == 5
    assert len(first.id) == len("0000-0000-0000-0000-0000-0000")


def test_document_invents_no_intended_use(small):
    assert document(small, False, "", "").intended_use == ""
    assert document(small, False, " Release\ntest. ", "").intended_use == "Release test."


def test_document_reads_the_intended_use_from_a_note(make_run):
    def note(frame, info):
        info["notes"] = ["The activity is a proxy.", "intended use: release test of model 3"]

    run = make_run(["one"], ["smoke"], [1], frames=2, gallery=False, edit=note)
    assert document(run, False, "", "").intended_use == "release test of model 3"
    assert document(run, False, "Another.", "").intended_use == "Another."


def test_document_facts_name_data_split_subjects_and_fingerprint(small):
    facts = dict(document(small, False, "", "").facts)
    assert facts["Data"] == "folder, split test: 2 frames of 2 subjects"
    assert facts["Data fingerprint"] == "77aa31cc"
    assert facts["Corruptions"] == "1 at severities 1"
