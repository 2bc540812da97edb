"""Plans: what TOML gives, and one sentence for each that is not valid."""

import hashlib

import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.gate import load_plan, parse_plan

VALID = """
name = "release"
alpha = 0.025
correction = "bonferroni"
estimand = "pooled"
min_subjects = 8
models = "ours"
run = { data = "frames", seed = 3, min_frames = 20 }

[[criteria]]
id = "dice-noise"
task = "segmentation"
metric = "dice"
corruption = ["smoke", "bleeding"]
severities = [3, 1]
aggregate = "worst"
at_least = 0.7
why = "Below it the tip is lost."

[[criteria]]
id = "clean"
metric = "hd95"
corruption = "clean"
at_most = 40
"""
CRITERION = 'id = "a"\nmetric = "dice"\nseverities = [1]\n'
BAD = {
    "": "Expected at least one table [[criteria]]",
    "criteria = []": "Expected at least one table [[criteria]]",
    "criteria = 3": "Expected at least one table [[criteria]]",
    'criteria = ["dice"]': "Expected at least one table [[criteria]]",
    "[[criterion]]\nid = 'a'": "did you mean criteria or",
    "alpha = [": "invalid TOML",
    "alpha = 0.05\nalpha = 0.1": "invalid TOML",
    "aplha = 0.05": "did you mean alpha?",
    "alpha = 0": "Expected alpha in the plan to be above 0 and at most 0.2, got 0",
    "alpha = 5": "write 0.05 for 5 %",
    "alpha = nan": "Expected a finite number as alpha in the plan",
    'alpha = "0.05"': "Expected a number as alpha in the plan, got '0.05'",
    "alpha = true": "Expected a number as alpha",
    'correction = "holms"': "Expected correction in the plan to be one of holm, bonferroni, none",
    'estimand = "frame"': "Expected estimand in the plan to be one of subject, pooled",
    "min_subjects = 1": "Expected a whole number of at least 2 as min_subjects",
    "min_subjects = 6.5": "Expected a whole number",
    "models = []": "Expected a name or a list of names as models",
    "models = [3]": "Expected a text as models",
    'models = ["a", "a"]': "Expected different names as models",
    "run = 3": "Expected a table [run]",
    'run = { dataset = "a" }': "did you mean data?",
    'run = { seed = "a" }': "Expected a whole number of at least 0 as seed",
    'name = "a\\u0007b"': "Expected one printable line",
    'name = ""': "Expected a text as name",
}
BAD_CRITERIA = {
    "at_least = 0.7\nat_most = 0.8": "got at_least and at_most: give one",
    "": "Expected exactly one of at_least, at_most, non_inferior in criterion 'a', got none",
    "atleast = 0.7": "did you mean at_least or",
    "at_least = nan": "Expected a finite number as at_least of criterion 1",
    "at_least = inf": "Expected a finite number",
    'at_least = "70 %"': "Expected a number as at_least",
    "non_inferior = -0.02": "Expected a margin non_inferior of at least 0",
    "at_least = 0.7\nmax_severity = 3": "Expected either severities or max_severity",
    'at_least = 0.7\ncorruption = "clean"': "Expected no severity for clean frames",
    'at_least = 0.7\ncorruption = ["all", "smoke"]': "Expected 'all' without other corruptions",
    "at_least = 0.7\ncorruption = []": "Expected a name or a list of names as corruption",
    'at_least = 0.7\naggregate = "median"': "to be one of mean, each, worst",
    'at_least = 0.7\nwhy = "a\\nb"': "Expected one printable line",
}
BAD_VALUES = {
    'id = ""': "Expected letters, digits",
    'id = "<script>"': "Expected letters, digits",
    "id = 3": "Expected letters, digits",
    "severities = 3": "Expected a list of severities",
    "severities = []": "Expected a list of severities",
    "severities = [1, 1]": "Expected different severities from 1 to 5",
    "severities = [0]": "Expected different severities from 1 to 5",
    "severities = [6]": "Expected different severities from 1 to 5",
    'severities = ["1"]': "Expected a number as severities",
    "max_severity = [3]": "Expected a number as max_severity",
    "metric = 3": "Expected a text as metric",
}


def sentence(text):
    with pytest.raises(RobustEndoError) as caught:
        parse_plan(text)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_load_plan_reads_every_key(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(VALID)
    plan = load_plan(path)
    assert (plan.name, plan.alpha, plan.correction, plan.estimand) == ("release", 0.025, "bonferroni", "pooled")
    assert (plan.min_subjects, plan.models) == (8, ("ours",))
    assert plan.run == {"data": "frames", "seed": 3, "min_frames": 20}
    first, second = plan.criteria
    assert (first.corruption, first.severities, first.aggregate) == (("smoke", "bleeding"), (1, 3), "worst")
    assert (first.at_least, first.at_most, second.at_most, second.severities) == (0.7, None, 40, ())
    assert plan.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert parse_plan(plan.text) == plan


@pytest.mark.parametrize(("text", "message"), BAD.items())
def test_parse_plan_refuses_other_settings(text, message):
    assert message in sentence(
        text if "criteri" in text or text == "" else f"{text}\n[[criteria]]\n{CRITERION}at_least = 0.7"
    )


@pytest.mark.parametrize(("lines", "message"), BAD_CRITERIA.items())
def test_parse_plan_refuses_other_criteria(lines, message):
    assert message in sentence(f"[[criteria]]\n{CRITERION}{lines}")


@pytest.mark.parametrize(("line", "message"), BAD_VALUES.items())
def test_parse_plan_refuses_other_values(line, message):
    values = {"id": 'id = "a"', "metric": 'metric = "dice"', "at_least": "at_least = 0.7"}
    assert message in sentence("\n".join(["[[criteria]]", *{**values, line.split(" ")[0]: line}.values()]))


@pytest.mark.parametrize("key", ["id", "metric"])
def test_parse_plan_needs_id_and_metric(key):
    lines = [line for line in CRITERION.splitlines() if not line.startswith(key)]
    assert f"Expected {key} in criterion 1 of the plan, got none" in sentence("\n".join(["[[criteria]]", *lines]))


def test_parse_plan_refuses_an_id_twice():
    criterion = f"[[criteria]]\n{CRITERION}at_least = 0.7\n"
    assert "got 'a' twice" in sentence(2 * criterion)


def test_load_plan_names_a_file_that_cannot_be_read(tmp_path):
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    (tmp_path / "large.toml").write_bytes(b"#" * 1_000_001)
    for name, message in (
        ("no.toml", "Cannot read"),
        (".", "Cannot read"),
        ("latin.toml", "UTF-8"),
        ("large.toml", "at most"),
    ):
        with pytest.raises(RobustEndoError, match=message):
            load_plan(tmp_path / name)
    with pytest.raises(RobustEndoError, match="Cannot read"):
        load_plan("a\0b")
