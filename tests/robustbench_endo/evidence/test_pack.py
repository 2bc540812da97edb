"""The files of a pack: complete, deterministic, and safe in a spreadsheet."""

import hashlib
import io
import json

import pandas as pd

from robustbench_endo.evidence.pack import Pack, card_names, table_of


def test_manifest_names_every_other_file(pack):
    files = pack.files()
    digests = json.loads(files.pop("manifest.json"))["files"]
    assert digests == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert {"evidence.json", "evidence.html", "evidence.md", "traceability.csv", "not_covered.csv"} <= set(digests)
    assert {"hazards.csv", "acceptance.toml", "tests.log", "data_card.md", "model_card-mmoe.md"} <= set(digests)


def test_same_run_and_inputs_give_the_same_bytes(pack, results):
    again = Pack(results, pack.inputs, pack.installation)
    assert again.files() == pack.files()


def test_content_is_strict_json_with_the_summary(pack):
    content = json.loads(pack.files()["evidence.json"], parse_constant=lambda name: 1 / 0)
    assert content == pack.content
    summary = content["summary"]
    assert (summary["hazards"], summary["traced"], summary["not_covered"], summary["rows"]) == (4, 2, 2, 4)
    assert summary["pass"] + summary["fail"] + summary["undecided"] == 4
    assert content["baseline"]["checksum"] == "0" * 64
    assert content["gates"]["plan"]["name"] == "example"
    assert content["validation"]["tests"]["passed"] == 12


def test_table_has_one_row_per_result_and_no_formula(pack):
    text = pack.files()["traceability.csv"].decode()
    table = pd.read_csv(io.StringIO(text))
    assert list(table["hazard"]) == ["H1", "H1", "H1", "H2"]
    assert list(table["records_sha256"]) == [row.records_sha256 for row in pack.rows]
    content = {**pack.content, "hazards": [{**each, "text": "=cmd|' /C calc'!A0"} for each in pack.content["hazards"]]}
    assert table_of(content)["description"].str.startswith("=").all()
    assert "=1+1" in pack.content["hazards"][0]["note"]
    for line in text.splitlines():
        assert not line.startswith(("=", "+", "-", "@"))


def test_card_names_are_file_names():
    assert card_names(["a/b", "a b", "c"]) == ["model_card-a-b-1.md", "model_card-a-b-2.md", "model_card-c.md"]
