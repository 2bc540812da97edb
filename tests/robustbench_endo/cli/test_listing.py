"""`robust-endo corruptions` says cause, parameters with unit, reference."""

import json

from robustbench_endo.corruptions import load_suite


def test_every_parameter_of_every_corruption(robust_endo, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    text = robust_endo("corruptions").stdout
    for entry in load_suite("endo19").describe():
        assert f"{entry['name']} ({entry['group']})" in text
        assert entry["cause"] in text
        assert entry["reference"] in text
        assert all(name in text for name in entry["severities"][0])
        assert all(unit in text for unit in entry["units"].values())


def test_one_corruption_of_one_suite(robust_endo, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    lines = robust_endo("corruptions", "-c", "gaussian_noise", "--suite", "imagenet-c").stdout.splitlines()
    assert "lengths are pixels of the frame itself" in lines[0]
    assert "  std (share of white)  0.08  0.12  0.18  0.26  0.38" in [line.rstrip() for line in lines]
    assert "  always: grain 1 px" in [line.rstrip() for line in lines]


def test_json_is_what_describe_says(robust_endo):
    listed = json.loads(robust_endo("corruptions", "-c", "blur", "--format", "json").stdout)
    assert listed == [entry for entry in load_suite("endo19").describe() if entry["group"] == "blur"]


def test_bad_names(robust_endo):
    assert "did you mean smoke" in robust_endo("corruptions", "-c", "smok").stderr
    assert "'endo20'" in robust_endo("corruptions", "--suite", "endo20").stderr
