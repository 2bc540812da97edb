"""The structure of run.json."""

import copy
from pathlib import Path

import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.results.run_schema import STRUCTURE, check_run_info

WRONG = {1: "a text", "text": 7, "flag": True, "list": [1], "object": {"a": 1}, "null": None}


def check(info):
    check_run_info(info, Path("run.json"))


def accepts(info):
    """Whether a description passes."""
    try:
        check(info)
    except RunError:
        return False
    return True


def test_check_run_info_accepts_a_run(results):
    check(results.info)


def test_check_run_info_names_a_missing_key(results):
    for key in [name for name in STRUCTURE if isinstance(name, str) and not name.startswith("?")]:
        info = {name: value for name, value in results.info.items() if name != key}
        with pytest.raises(RunError, match=f"Expected the description of a run in run.json, got no {key}: evaluate"):
            check(info)


@pytest.mark.parametrize("key", [str(name) for name in STRUCTURE])
def test_check_run_info_rejects_values_of_another_type(results, key):
    name = key.removeprefix("?")
    infos = [{**results.info, name: value} for value in WRONG.values()]
    assert sum(not accepts(info) for info in infos) >= 3


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda info: info["models"].append(info["models"][0]), "two models of one name"),
        (lambda info: info["corruptions"].append(info["corruptions"][0]), "two corruptions of one name"),
        (lambda info: info.update(models=[]), "no model"),
        (lambda info: info.update(tasks={"depth": ["a"]}), "the tasks depth"),
        (lambda info: info.update(tasks={}), "the tasks none"),
        (lambda info: info.update(severities=[1, 9]), "severity 9 instead of 1 to 5"),
        (lambda info: info.update(replicates=0), "0 replicates"),
        (lambda info: info["models"][0].update(name=3), r"models\[0\].name as a whole number instead of a text"),
        (lambda info: info["suite"].pop("hash"), "no hash in suite"),
    ],
)
def test_check_run_info_rejects_contradictions(results, change, text):
    info = copy.deepcopy(dict(results.info))
    change(info)
    with pytest.raises(RunError, match=f"got {text}.*: evaluate again"):
        check(info)


@pytest.mark.parametrize("text", ["a\x1b[2J", "a\x00", "\x9b", "\ud800"])
def test_check_run_info_rejects_control_characters_in_any_text(results, text):
    for info in ({"name": text}, {"notes": [text]}, {"tasks": {"activity": [text]}}, {"config": {text: 1}}):
        with pytest.raises(RunError, match="got a text with control characters") as caught:
            check({**results.info, **info})
        assert str(caught.value).isprintable()
