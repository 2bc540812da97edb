"""``.eval_results``: files that the hub's own parser reads, with the scores of the table."""

from __future__ import annotations

import json

import pytest

from robustbench_endo.results import load_results
from robustbench_endo.submission.eval_results import eval_result_files, file_name


@pytest.fixture(scope="module")
def results(submitted):
    return load_results(submitted)


def test_parser_of_the_hub_reads_the_scores(results):
    hub = pytest.importorskip("huggingface_hub", minversion="1.0")
    yaml = pytest.importorskip("yaml")
    files = eval_result_files(results, "org/data")
    assert list(files) == [".eval_results/one.yaml", ".eval_results/two.yaml"]
    table = results.table()
    for name, content in files.items():
        model = name.removeprefix(".eval_results/").removesuffix(".yaml")
        entries = hub.parse_eval_result_entries(yaml.safe_load(content))
        assert {entry.task_id for entry in entries} == {
            f"{metric}_{end}" for metric in results.headlines for end in ("clean", "corrupted")
        }
        for entry in entries:
            metric, _, end = entry.task_id.rpartition("_")
            row = ("clean", "clean") if end == "clean" else ("mean", "all")
            assert entry.value == pytest.approx(table.loc[row, (metric, model)], abs=1e-4)
            assert entry.dataset_id == "org/data"
            assert entry.date == results.info["finished"][:10]
            assert "protocol" in entry.notes


def test_texts_of_others_stay_texts(results):
    hostile = 'a"\n- dataset: {id: other}\nvalue: 100 # '
    content = eval_result_files(results, hostile)[".eval_results/one.yaml"].decode()
    assert f"    id: {json.dumps(hostile)}\n" in content
    assert content.count("- dataset:\n") == 2 * len(results.headlines)


def test_file_names_differ_where_models_do():
    names = ["a/b", "a-b", "a b", "../x", "手術", "", "." * 300]
    files = [file_name(name) for name in names]
    assert len(set(files)) == len(names)
    assert all(name and "/" not in name and not name.startswith(".") and len(name) < 100 for name in files)
    assert file_name("a-b") == "a-b"
