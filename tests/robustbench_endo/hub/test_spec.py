"""Names of repositories on the hub."""

import pytest

from robustbench_endo.errors import HubError
from robustbench_endo.hub.spec import HubSpec, is_hub_spec, parse_hub_spec

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    "spec",
    [
        HubSpec("model", "org/name"),
        HubSpec("model", "org/name.v2", "v1.0"),
        HubSpec("model", "org/name", "refs/pr/1"),
        HubSpec("model", "org/name", COMMIT, "folder/model.pt2"),
        HubSpec("dataset", "org/name", "main", "test"),
    ],
    ids=str,
)
def test_hub_spec_text_is_read_back(spec):
    assert is_hub_spec(str(spec))
    assert parse_hub_spec(str(spec), spec.kind) == spec


def test_hub_spec_is_pinned_by_a_full_commit_only():
    assert parse_hub_spec(f"hf://org/name@{COMMIT}", "model").is_pinned
    assert not parse_hub_spec("hf://org/name@main", "model").is_pinned
    assert not parse_hub_spec("hf://org/name", "model").is_pinned


def test_hub_spec_ignores_a_slash_at_the_end():
    assert parse_hub_spec("hf://org/name/", "model") == HubSpec("model", "org/name")


@pytest.mark.parametrize(
    "text", ["hf://name", "hf://", "hf://org/name@", "hf://org/name/../x", "hf://org name/x", "hf://datasets/name"]
)
def test_hub_spec_of_another_form_is_an_error(text):
    kind = "dataset" if "datasets" in text else "model"
    with pytest.raises(HubError, match=r"Expected a repository of the Hugging Face hub as hf://.*ORG/NAME"):
        parse_hub_spec(text, kind)


@pytest.mark.parametrize(
    ("text", "kind", "step"),
    [("hf://datasets/org/name", "model", "give it as --data"), ("hf://org/name", "dataset", "a model as --model")],
)
def test_hub_spec_of_the_other_kind_names_the_option(text, kind, step):
    with pytest.raises(HubError, match=step):
        parse_hub_spec(text, kind)
