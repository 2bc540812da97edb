"""Cards in the format of the hub: valid metadata, numbers of the run, unknown facts named as such."""

import re

import pytest

from robustbench_endo.evidence.cards import NOT_STATED, data_card, model_card
from robustbench_endo.hub.run_card import LIMITS


def test_model_card_has_results_that_the_hub_reads(pack, results):
    hub = pytest.importorskip("huggingface_hub")
    card = hub.ModelCard(model_card(results, "mmoe", pack.rows), ignore_metadata_errors=False)
    scores = {(each.dataset_config, each.metric_type): each for each in card.data.eval_results}
    table = results.table()
    for name in ("miou", "accuracy"):
        for label, row in (("clean", ("clean", "clean")), ("mean over corruptions", ("mean", "all"))):
            assert scores[label, name].metric_value == round(float(table.loc[row, (name, "mmoe")]), 2)
            assert scores[label, name].dataset_name == "synthetic"
    assert card.data.model_name == "mmoe"
    assert {each.task_type for each in card.data.eval_results} == {"image-segmentation", "image-classification"}


def test_model_card_lists_criteria_and_limits(pack, results):
    text = model_card(results, "mmoe", pack.rows)
    assert text.count("| H1 | ") == 3
    assert "| H2 | dice ≥ 50 % | smoke, severity 1 |" in text
    assert results.info["models"][0]["weights_sha256"] in text
    assert f"| training data | {NOT_STATED} |" in text
    assert LIMITS in text
    assert "None." in model_card(results, "mmoe", [])


def test_data_card_is_one_of_the_hub(results):
    hub = pytest.importorskip("huggingface_hub")
    card = hub.DatasetCard(data_card(results), ignore_metadata_errors=False)
    assert card.data.size_categories == "n<1K"
    assert card.data.task_categories == ["image-classification", "image-segmentation"]
    assert card.data.pretty_name == "synthetic"


def test_data_card_has_the_balance_of_the_labels(results):
    text, data = data_card(results), results.info["data"]
    assert data["fingerprint"] in text
    clean = results.frame[results.frame["corruption"] == "clean"]
    counts = dict(re.findall(r"^\| (\w+) \| (\d+) \|$", text, re.M))
    for index, label in enumerate(results.labels["activity"]):
        assert int(counts[label]) == (clean["activity_target"] == index).sum()
    shares = dict(re.findall(r"^\| (\w+) \| \d+ \| ([\d.]+) % \|$", text, re.M))
    pixels = [(clean[f"tp_{index}"] + clean[f"fn_{index}"]).sum() for index in range(7)]
    expected = [100 * each / sum(pixels) for each in pixels]
    assert [float(shares[label]) for label in results.labels["segmentation"]] == pytest.approx(expected, abs=0.006)
    assert "The run does not state: licence" in text
