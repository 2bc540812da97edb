"""Random damage to files: of their bytes, their text, their JSON, or their table."""

from __future__ import annotations

import json
import random
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

EXTREMES = (
    "-1",
    "0",
    "1e309",
    "-1e309",
    "nan",
    "inf",
    "1e-320",
    "99999999999999999999",
    "2147483648",
    "0x10",
    "1_0",
    "",
)
STRANGE = (
    "\x00",
    "\ufeff",
    "é",
    "\u202e",
    "𝔘",
    "\r",
    "\n",
    '"',
    "'",
    ",",
    "[",
    "]",
    "{",
    "=",
    "#",
    "../",
    "/",
    "\\",
    "%s",
    "A" * 5000,
)
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**30, 1e308, -0.5, float("nan"), float("inf"), "", "x", "\x00", "../..", "/etc/passwd",
    [], [None], [[]], {}, {"x": 1}, "9" * 400,
)  # fmt: skip

Mutation = Callable[[bytes, random.Random], bytes]


def flip_bits(content: bytes, random_: random.Random) -> bytes:
    """Invert one to eight bits."""
    changed = bytearray(content)
    for _ in range(random_.choice((1, 1, 2, 8))):
        changed[random_.randrange(len(changed))] ^= 1 << random_.randrange(8)
    return bytes(changed)


def flip_in_header(content: bytes, random_: random.Random) -> bytes:
    """Invert a bit of the first 64 bytes."""
    changed = bytearray(content)
    changed[random_.randrange(min(64, len(changed)))] ^= 1 << random_.randrange(8)
    return bytes(changed)


def truncate(content: bytes, random_: random.Random) -> bytes:
    """Cut the end off, sometimes everything."""
    return content[: random_.choice((0, 1, 7, random_.randrange(len(content)), len(content) - 1))]


def insert(content: bytes, random_: random.Random) -> bytes:
    """Insert random bytes."""
    position = random_.randrange(len(content))
    return content[:position] + random_.randbytes(random_.choice((1, 4, 100, 5000))) + content[position:]


def zero_block(content: bytes, random_: random.Random) -> bytes:
    """Set a block to zero, as a disk does after a crash."""
    start, size = random_.randrange(len(content)), random_.choice((1, 16, 512, 4096))
    return content[:start] + bytes(min(size, len(content) - start)) + content[start + size :]


def repeat_block(content: bytes, random_: random.Random) -> bytes:
    """Write a block twice."""
    start = random_.randrange(len(content))
    end = min(len(content), start + random_.choice((1, 16, 512)))
    return content[:end] + content[start:]


def large_number(content: bytes, random_: random.Random) -> bytes:
    """Overwrite four or eight bytes, as of a size or an offset, with an extreme number."""
    number = random_.choice((0, 1, 2**15, 2**16 - 1, 2**20, 2**31 - 1, 2**32 - 1))
    form = random_.choice(("<I", ">I", "<Q", ">Q"))
    position = random_.randrange(max(1, min(len(content) - 8, random_.choice((64, len(content))))))
    packed = struct.pack(form, number)
    return content[:position] + packed + content[position + len(packed) :]


def noise(content: bytes, random_: random.Random) -> bytes:
    """Replace everything with random bytes."""
    return random_.randbytes(random_.choice((1, 100, 3000)))


BYTES: tuple[Mutation, ...] = (
    flip_bits, flip_in_header, truncate, insert, zero_block, repeat_block, large_number, large_number, noise
)  # fmt: skip


def replace_number(content: bytes, random_: random.Random) -> bytes:
    """Replace a number in a text with an extreme one."""
    return _replace_match(rb"-?\d+(?:\.\d+)?", content, random_.choice(EXTREMES).encode(), random_)


def replace_word(content: bytes, random_: random.Random) -> bytes:
    """Replace a word in a text with a strange one."""
    return _replace_match(rb"[A-Za-z_]+", content, random_.choice((*STRANGE, *EXTREMES)).encode(), random_)


def insert_strange(content: bytes, random_: random.Random) -> bytes:
    """Insert a strange character or a long text."""
    position = random_.randrange(len(content))
    return content[:position] + random_.choice(STRANGE).encode() + content[position:]


def other_encoding(content: bytes, random_: random.Random) -> bytes:
    """Write the text in another encoding, with a mark of byte order, or with bytes that no text has."""
    text = content.decode("utf-8", "replace")
    forms = (
        text.encode("utf-16"),
        text.encode("utf-32"),
        b"\xef\xbb\xbf" + content,
        content + b"\xff\xfe",
        b"\xe9" + content,
    )
    return random_.choice(forms)


def change_lines(content: bytes, random_: random.Random) -> bytes:
    """Delete, repeat or reverse lines, or write other line ends."""
    lines = content.splitlines(keepends=True)
    index = random_.randrange(len(lines))
    forms = (lines[:index] + lines[index + 1 :], [*lines[: index + 1], *lines[index:]], lines[::-1])
    return random_.choice((*(b"".join(form) for form in forms), content.replace(b"\n", b"\r"), content * 3))


TEXT: tuple[Mutation, ...] = (
    replace_number, replace_number, replace_word, insert_strange, other_encoding, change_lines, truncate, flip_bits
)  # fmt: skip


def _replace_match(pattern: bytes, content: bytes, replacement: bytes, random_: random.Random) -> bytes:
    matches = list(re.finditer(pattern, content))
    if not matches:
        return content + replacement
    match = random_.choice(matches)
    return content[: match.start()] + replacement + content[match.end() :]


def change_json(content: bytes, random_: random.Random) -> bytes:
    """Replace, delete or add one value of a JSON text at a random depth."""
    tree = json.loads(content)
    parents = list(_containers(tree))
    parent = random_.choice(parents)
    keys = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
    if not keys or random_.random() < 0.1:
        if isinstance(parent, dict):
            parent[random_.choice(("x", "__class__", ""))] = random_.choice(VALUES)
        else:
            parent.append(random_.choice(VALUES))
    elif random_.random() < 0.25:
        del parent[random_.choice(keys)]
    else:
        parent[random_.choice(keys)] = random_.choice(VALUES)
    return json.dumps(tree).encode("utf-8", "surrogatepass")


def _containers(tree: Any) -> list[Any]:
    children = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    nested = [container for child in children for container in _containers(child)]
    return [tree, *nested] if isinstance(tree, (dict, list)) else nested


JSON: tuple[Mutation, ...] = (change_json, change_json, change_json, *TEXT)


def change_table(path: Path, random_: random.Random) -> None:
    """Change a Parquet file so that it still is one: a column, a type, rows, a value, the metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    index = random_.randrange(table.num_columns)
    name, kind = table.column_names[index], table.schema.field(index).type
    column = table.column(index).to_pylist()
    row = random_.randrange(len(column))
    edits = [
        lambda: table.remove_column(index),
        lambda: table.slice(1),
        lambda: pa.concat_tables([table, table.slice(row, 1)]),
        lambda: table.rename_columns([f"{each}x" if each == name else each for each in table.column_names]),
        lambda: table.set_column(index, name, pa.array([str(value) for value in column])),
        lambda: table.set_column(index, name, pa.nulls(len(column), kind)),
        lambda: table.set_column(index, name, pa.array([*column[1:], column[0]], kind)),
        lambda: table.take(pa.array(random_.sample(range(len(column)), len(column)))),
        lambda: table.append_column("x", pa.array([0] * len(column))),
        lambda: table.slice(0, 0),
        lambda: table.replace_schema_metadata({"x": "y"}),
    ]
    pq.write_table(random_.choice(edits)(), path)


def damage_file(path: Path, kinds: tuple[Mutation, ...], random_: random.Random) -> str:
    """Mutation a file with a random kind of damage; the name of the kind."""
    content = path.read_bytes()
    kind = random_.choice(kinds)
    path.write_bytes(kind(content, random_))
    return kind.__name__
