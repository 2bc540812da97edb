"""The files that follow from the records."""

from robustbench_endo.results import load_results
from robustbench_endo.submission.contents import Statement, as_bytes, derived_files, describe_run


def test_card_has_metadata_and_the_scores(submitted):
    results = load_results(submitted)
    card = derived_files(results, Statement())["README.md"].decode()
    assert card.startswith("---\nlibrary_name: robustbench_endo\n")
    assert f"{results.table(['miou']).loc[('mean', 'all'), ('miou', 'two')]:.2f}" in card


def test_files_are_the_same_each_time(submitted):
    results = load_results(submitted)
    assert derived_files(results, Statement("org/data")) == derived_files(results, Statement("org/data"))
    assert derived_files(results, Statement("a/b")) != derived_files(results, Statement("c/d"))


def test_description_identifies_what_was_evaluated(submitted):
    results = load_results(submitted)
    facts = describe_run(results)
    assert facts["data"] == results.info["data"]["fingerprint"]
    assert list(facts["models"]) == ["one", "two"]
    assert len(set(facts["models"].values())) == 2
    assert as_bytes(facts).endswith(b"}\n")
