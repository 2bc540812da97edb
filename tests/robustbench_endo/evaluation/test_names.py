"""Names that terminals and reports would interpret are refused before anything is computed."""

from types import SimpleNamespace

import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.names import check_dataset_names, check_names


def test_check_names_accepts_text_of_any_language():
    check_names({"model names": ["a b", "é", "手術", "=1", "<b>"]})


@pytest.mark.parametrize("character", ["\x1b", "\x00", "\n", "\t", "\x9b", "\u2028", "\ud800", "\uffff"])
def test_check_names_refuses_control_characters(character):
    with pytest.raises(RobustEndoError, match="Expected model names without control characters, got 'a") as caught:
        check_names({"model names": ["b", f"a{character}c"]})
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("field", ["name", "ids", "subjects", "classes", "activities"])
def test_check_dataset_names_covers_every_name(field):
    names = {"name": "data", "ids": ["a"], "subjects": ["p"], "classes": ["x"], "activities": ["y"]}
    check_dataset_names(SimpleNamespace(**names))
    names[field] = "a\x1b" if field == "name" else ["a\x1b"]
    with pytest.raises(RobustEndoError, match="without control characters"):
        check_dataset_names(SimpleNamespace(**names))


@pytest.mark.parametrize("option", ["model", "folder", "note"])
def test_evaluate_refuses_control_characters(make_plan, run, tmp_path, option):
    changes = {
        "model": {"models": {"a\x1b[31m": lambda images: {}}},
        "folder": {"out": tmp_path / "run\x1b"},
        "note": {"notes": ("see\x1b",)},
    }
    with pytest.raises(RobustEndoError, match="without control characters"):
        run(make_plan(frames=1, **changes[option]))
