"""gate.json follows its published schema, and the schema refuses what is no gate."""

import json
from importlib.resources import files

import jsonschema
import pytest

from robustbench_endo.gate import run_gate

SCHEMA = json.loads((files("robustbench_endo.gate") / "gate.schema.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def content(run_of, plan_of):
    """A gate with a bound, a margin, conditions apart, and a criterion without a value."""
    new, old = (run_of(name=name) for name in ("new", "old"))
    plan = plan_of(
        {"at_least": 0.5},
        {"non_inferior": 0.02},
        {"at_least": 0.5, "aggregate": "each"},
        {"metric": "hd95", "at_most": 5, "corruption": "clean", "severities": None},
        min_subjects=8,
    )
    return run_gate(new, plan, old).to_json()


def test_schema_is_valid_and_describes_a_gate(content, undecided):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(content, SCHEMA)
    jsonschema.validate(undecided.to_json(), SCHEMA)


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "passed"},
        {"criteria": []},
        {"alpha": 0.5},
        {"plan_sha256": "x"},
        {"baseline": {}},
        {"further": 1},
        {"format": 2},
    ],
)
def test_schema_refuses_other_content(change, content):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content, **change}, SCHEMA)


def test_schema_has_every_key_of_a_gate(content):
    assert set(SCHEMA["properties"]) == set(content)
    assert set(SCHEMA["$defs"]["criterion"]["properties"]) == set(content["criteria"][0])
    assert set(SCHEMA["$defs"]["run"]["properties"]) == set(content["run"])
