"""Atomic writes, folders, checksums, resume identities and spec strings."""

import hashlib

import pytest
import torch

from robustbench_endo.errors import ModelError, RobustEndoError, RunError
from robustbench_endo.io_utils import (
    check_resumable,
    file_sha256,
    identity_changes,
    parse_options,
    read_json,
    read_toml,
    replace_atomically,
    split_spec,
    weights_sha256,
    writable_folder,
    write_atomically,
    write_json,
)


def test_write_atomically_replaces_the_content(tmp_path):
    path = tmp_path / "file"
    for content in (b"first", b"second"):
        write_atomically(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_replace_atomically_keeps_the_old_content_on_failure(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def fail():
        with replace_atomically(path) as temporary:
            temporary.write_text("new")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_write_atomically_into_a_missing_folder_raises(tmp_path):
    with pytest.raises(RunError, match="Cannot write .*missing/file: No such file or directory"):
        write_atomically(tmp_path / "missing" / "file", b"")


def test_writable_folder_is_created(tmp_path):
    assert writable_folder(tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="Cannot write to the folder"):
        writable_folder(tmp_path / "file")


def test_read_json_of_other_text_raises(tmp_path):
    write_json(tmp_path / "a.json", {"é": [1, 2]})
    assert read_json(tmp_path / "a.json") == {"é": [1, 2]}
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(RunError, match="Cannot parse .*a.json: invalid JSON"):
        read_json(tmp_path / "a.json")


def test_read_toml_of_other_text_raises(tmp_path):
    (tmp_path / "a.toml").write_text("a = ")
    with pytest.raises(ModelError, match="Cannot parse .*a.toml: invalid TOML"):
        read_toml(tmp_path / "a.toml", ModelError)
    with pytest.raises(RobustEndoError, match="Cannot read .*b.toml"):
        read_toml(tmp_path / "b.toml")


def test_file_sha256_equals_hashlib(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    assert file_sha256(tmp_path / "file") == hashlib.sha256(b"content").hexdigest()


def test_weights_sha256_depends_on_names_shapes_and_values():
    first, second = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)
    second.load_state_dict(first.state_dict())
    assert weights_sha256(first) == weights_sha256(second)
    with torch.no_grad():
        second.weight[0, 0] += 1
    assert weights_sha256(first) != weights_sha256(second)
    assert weights_sha256(len) == weights_sha256(abs)  # the same type


def test_identity_changes_compares_as_json():
    assert identity_changes({"a": [1, 2]}, {"a": (1, 2)}) == ""
    assert identity_changes({"a": 1}, {"b": 2}) == "a changed from 1 to null; b changed from null to 2"
    assert "... (" in identity_changes({"a": "x" * 200}, {"a": ""})


def test_check_resumable_raises_the_given_error(tmp_path):
    check_resumable({"a": 1}, {"a": 1}, tmp_path)
    with pytest.raises(ModelError, match="Cannot resume .*: a changed from 1 to 2. Use a new --out"):
        check_resumable({"a": 1}, {"a": 2}, tmp_path, ModelError)


def test_split_spec_gives_name_and_options():
    assert split_spec("name") == ("name", {})
    assert split_spec("name@a=1, b=2") == ("name", {"a": "1", "b": "2"})


def test_parse_options_splits_key_value_pairs():
    assert parse_options("rank=8,width=24") == {"rank": "8", "width": "24"}
    assert parse_options("") == {}


@pytest.mark.parametrize("text", ["rank", "rank=", "=3"])
def test_parse_options_of_a_pair_without_value_raises(text):
    with pytest.raises(ModelError, match="Expected options as key=value"):
        parse_options(text, ModelError)
