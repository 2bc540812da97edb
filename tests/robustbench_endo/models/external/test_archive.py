"""Zip archives on which two readers could disagree are refused."""

from __future__ import annotations

import io
import zipfile

import pytest

from robustbench_endo.models.external.archive import Archive, RefusedFileError, inner_names


def zipped(*members: tuple[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def test_archive_reads_its_members():
    archive = Archive(io.BytesIO(zipped(("m/a.json", b"{}"), ("m/b", b""))))
    assert archive.names == ("m/a.json", "m/b")
    assert archive.read("m/a.json") == b"{}"
    assert archive.is_empty("m/b")


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        (b"#!/bin/sh\n" + zipped(("m/a", b"1")), "data before or after"),
        (zipped(("m/a", b"1")) + b"tail", "data before or after"),
        (zipped(("m/a", b"1"), ("m/A", b"2")), "a second member of that name"),
        (zipped(("m/../../a", b"1")), "a path that leaves the archive"),
        (zipped(("/a", b"1")), "a path that leaves the archive"),
        (zipped(("m/a", bytes(40 << 20)), compression=zipfile.ZIP_DEFLATED), "40 MiB of content in a file of 0 MiB"),
        (zipped(("m/a", b"1"), compression=zipfile.ZIP_LZMA), "unusually compressed"),
    ],
)
def test_archive_refuses_ambiguous_and_exploding_files(content, finding):
    with pytest.raises(RefusedFileError, match=finding):
        Archive(io.BytesIO(content))


def test_inner_names_ignore_case_and_the_folder():
    assert list(inner_names("Model/MODELS/model.json")) == ["model/models/model.json", "models/model.json"]
