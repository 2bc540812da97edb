"""Models, methods, conditions, tasks and labels follow from run.json."""

from robustbench_endo.results import Results


def test_run_info_lists_models_conditions_and_labels(results):
    assert results.models == ["a", "b"]
    assert results.corruption_categories == {"smoke": "occlusion", "contrast": "digital"}
    assert results.corruptions == ["smoke", "contrast"]
    assert results.severities == [1, 3]
    assert results.recorded_conditions == []
    assert results.protocol == "standard"
    assert [task.name for task in results.tasks] == ["activity", "segmentation"]
    assert results.labels == {"segmentation": ["x", "y", "z"], "activity": ["p", "q", "r"]}
    assert results.headlines == ("accuracy", "miou")


def test_run_info_groups_training_seeds_of_a_method(results):
    assert results.methods == {"a": ["a"], "b": ["b"]}
    models = [{"name": "a", "method": "ours"}, {"name": "b", "method": "ours"}, {"name": "c"}]
    assert Results(results.frame, {**results.info, "models": models}).methods == {"ours": ["a", "b"], "c": ["c"]}
