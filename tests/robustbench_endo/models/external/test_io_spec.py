"""Adapter files: what a model expects and what its outputs mean."""

from __future__ import annotations

import pytest

from robustbench_endo.errors import ModelError, UnknownNameError
from robustbench_endo.models.external import IOSpec, find_io_spec, parse_io_spec, read_io_spec


@pytest.mark.parametrize(
    ("content", "error", "text"),
    [
        ({"inputsize": [1, 2]}, UnknownNameError, "'inputsize': did you mean input_size"),
        ({"output": {"mask": 0}}, UnknownNameError, "task of the adapter here, got 'mask'"),
        ({"input_size": [512]}, ModelError, r"Expected \[height, width\] .* got \[512\]"),
        ({"input_size": 512}, ModelError, "got 512"),
        ({"std": [1, 0, 1]}, ModelError, "three positive numbers"),
        ({"mean": [1, "a", 1]}, ModelError, "Expected three numbers as mean"),
        ({"value_range": [1, 0]}, ModelError, r"\[black, white\]"),
        ({"channel_order": "rgb"}, ModelError, "Expected RGB or BGR"),
        ({"scores": "softmax"}, ModelError, "logits or probabilities"),
        ({"classes": []}, ModelError, "names of the dataset's classes"),
        ({"classes": [1, 2]}, ModelError, "names of the dataset's classes"),
        ({"output": {"activity": True}}, ModelError, "a key or an index"),
        ({"unmapped": ""}, ModelError, "refuse, background or a class"),
    ],
)
def test_parse_io_spec_of_wrong_settings_raises(content, error, text):
    with pytest.raises(error, match=text):
        parse_io_spec(content, "here")


def test_parse_io_spec_keeps_the_labels_of_each_task():
    io_spec = parse_io_spec({"classes": {1: "tool"}, "activities": ["cut", "cut"]}, "here")
    assert io_spec.labels == {"segmentation": {"1": "tool"}, "activity": ("cut", "cut")}


def test_merged_with_overrides_only_what_was_declared():
    defaults = IOSpec(input_size=(8, 8), channel_order="BGR")
    assert IOSpec(scores="probabilities", input_size=(4, 4)).merged_with(defaults) == IOSpec(
        scores="probabilities", input_size=(4, 4), channel_order="BGR"
    )


def test_io_spec_digest_changes_with_every_setting():
    specs = [
        IOSpec(),
        IOSpec(labels={"activity": ("cut",)}),
        IOSpec(labels={"segmentation": ("cut",)}),
        IOSpec(std=(1, 2, 3)),
    ]
    assert len({io_spec.digest() for io_spec in specs}) == len(specs)


def test_find_io_spec_next_to_a_file_or_in_a_folder(tmp_path):
    assert find_io_spec(tmp_path / "m.pt") is None
    for name in ("m.adapter.toml", "adapter.toml"):
        (tmp_path / name).write_text('scores = "probabilities"\n')
    assert find_io_spec(tmp_path / "m.pt") == tmp_path / "m.adapter.toml"
    assert read_io_spec(find_io_spec(tmp_path)) == IOSpec(scores="probabilities")
