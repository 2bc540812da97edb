"""Atomic writes, folders, checksums, resume identities and spec strings."""

import hashlib
import os

import pytest
import torch

from robustbench_endo import io_utils
from robustbench_endo.errors import ModelError, RobustEndoError, RunError
from robustbench_endo.io_utils import (
    LIVE_TEMPORARIES,
    check_resumable,
    file_sha256,
    identity_changes,
    large_file_sha256,
    parse_options,
    read_json,
    read_toml,
    remove_stale_temporaries,
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


@pytest.mark.parametrize("mask", [0o077, 0o022, 0o007])
def test_write_atomically_respects_the_umask(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "file", b"")
        (tmp_path / "plain").touch()
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_remove_stale_temporaries_leaves_those_of_a_living_writer(tmp_path):
    stale = tmp_path / "below" / ".writing-old.abc"
    stale.parent.mkdir()
    stale.touch()
    with replace_atomically(tmp_path / "below" / "file") as living:
        living.write_text("content")
        remove_stale_temporaries(tmp_path)
        assert not stale.exists()
        assert living in LIVE_TEMPORARIES
    assert (tmp_path / "below" / "file").read_text() == "content"
    assert not LIVE_TEMPORARIES


def test_replace_atomically_says_what_to_do_about_a_path(tmp_path):
    for path, advice in (
        (tmp_path, "Name a file in this"),
        (tmp_path / "no" / "a.csv", "Create the folder .*no first"),
    ):
        with pytest.raises(RunError, match=advice), replace_atomically(path) as temporary:
            temporary.write_text("1")


def test_replace_atomically_takes_long_names(tmp_path):
    name = "é" * 120
    write_atomically(tmp_path / name, b"content")
    assert (tmp_path / name).read_bytes() == b"content"
    with pytest.raises(RunError, match="File name too long"):
        write_atomically(tmp_path / ("x" * 300), b"")


@pytest.mark.parametrize("content", [b"[1]", b"\xff{}", b"nul", b'{"a": ' + b"[" * 100_000])
def test_read_json_of_damaged_content_raises(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(RunError, match="Cannot parse .*a.json: invalid JSON"):
        read_json(tmp_path / "a.json")


def test_identity_changes_names_nested_keys():
    before, now = {"models": {"a": "1", "b": "2"}}, {"models": {"a": "1", "b": "3", "c": "4"}}
    assert identity_changes(before, now) == 'models, b changed from "2" to "3"; models, c changed from null to "4"'


def test_large_file_sha256_reads_a_file_once(tmp_path, monkeypatch):
    path = tmp_path / "video"
    path.write_bytes(b"frames")
    assert large_file_sha256(path) == file_sha256(path)
    monkeypatch.setattr(io_utils, "file_sha256", lambda path: pytest.fail("read again"))
    large_file_sha256(path)
    monkeypatch.undo()
    path.write_bytes(b"other frames")
    assert large_file_sha256(path) == file_sha256(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        large_file_sha256(path)


def test_identity_changes_shortens_digests():
    before, now = ({"data": content * 64} for content in "ab")
    assert identity_changes(before, now) == "data changed from aaaaaaaaaaaa... to bbbbbbbbbbbb..."


def test_write_atomically_leaves_devices_and_pipes(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(RunError, match="it is a device or a pipe"):
        write_atomically(pipe, b"a")
    assert pipe.is_fifo()
