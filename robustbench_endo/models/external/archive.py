"""Zip archives of model files, read in the one way on which every reader agrees."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

MAX_MEMBERS = 100_000
MAX_RATIO = 8
"""Largest size of the unpacked members, as a multiple of the archive's; torch itself does not compress tensors."""

ALLOWANCE = 16 << 20
"""Bytes that an archive may have unpacked besides: source code compresses well."""

MAX_TEXT = 256 << 20
"""Largest member that is parsed: a graph or source code."""

_LOCAL, _END = b"PK\x03\x04", b"PK\x05\x06"
_END_SIZE = 22
_ENCRYPTED = 0x1


class RefusedFileError(ValueError):
    """A model file contains something that is not allowed.

    Args:
        member: of the archive; empty for the file itself.
        finding: what is not allowed, as a noun phrase.
    """

    def __init__(self, member: str, finding: str) -> None:
        super().__init__(finding)
        self.member = member
        self.finding = finding


class Archive:
    """The members of a zip file.

    Two readers may disagree on an archive with duplicate members, data before the first member or a comment after the
    directory: such archives are refused, so that what is vetted is what torch reads later.

    Args:
        file: opened for reading in binary mode; stays open.

    Raises:
        RefusedFileError: an ambiguous archive, or one that is much larger unpacked.
        zipfile.BadZipFile: a damaged archive.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.size = _check_frame(file)
        self.zip = zipfile.ZipFile(file)
        entries = self.zip.infolist()
        self.names = tuple(entry.filename for entry in entries)
        _check_entries(entries, self.size)

    def read(self, name: str) -> bytes:
        """The content of a member, with its checksum verified."""
        if self.zip.getinfo(name).file_size > MAX_TEXT:
            raise RefusedFileError(name, f"more than {MAX_TEXT >> 20} MiB of program")
        return self.zip.read(name)

    def is_empty(self, name: str) -> bool:
        """Whether a member has no content."""
        return self.zip.getinfo(name).file_size == 0


def inner_names(name: str) -> Iterator[str]:
    """The names by which torch may look a member up: as it is, and without the folder of the archive."""
    yield name.lower()  # torch ignores case
    yield name.partition("/")[2].lower()


def _check_frame(file: BinaryIO) -> int:
    file.seek(0)
    start = file.read(4)
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_SIZE))
    end = file.read(_END_SIZE)
    if start != _LOCAL or not end.startswith(_END) or struct.unpack("<H", end[20:22])[0]:
        raise RefusedFileError("", "data before or after the archive")
    return size


def _check_entries(entries: list[zipfile.ZipInfo], size: int) -> None:
    if len(entries) > MAX_MEMBERS:
        raise RefusedFileError("", f"{len(entries)} members, more than {MAX_MEMBERS}")
    total = sum(entry.file_size for entry in entries)
    if total > MAX_RATIO * size + ALLOWANCE:
        raise RefusedFileError("", f"{total >> 20} MiB of content in a file of {size >> 20} MiB")
    visited: set[str] = set()
    for entry in entries:
        name = entry.filename
        if name.lower() in visited:
            raise RefusedFileError(name, "a second member of that name")
        visited.add(name.lower())
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or name != entry.orig_filename:
            raise RefusedFileError(name, "a path that leaves the archive")
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise RefusedFileError(name, "an encrypted or unusually compressed member")
