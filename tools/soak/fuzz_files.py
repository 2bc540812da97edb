"""Damage that knows the format of a file: images of odd kinds, members of archives, checksums of runs."""

from __future__ import annotations

import io
import json
import random
import shutil
import struct
import zipfile
import zlib
from importlib import import_module
from pathlib import Path
from typing import Any

from mutations import BYTES, JSON, TEXT

MODES = ("1", "L", "P", "RGBA", "LA", "CMYK", "I", "I;16", "F", "YCbCr")


def odd_image(path: Path, random_: random.Random) -> None:
    """Replace an image by one of another mode, size, format, number of frames, or with a lie about its size."""
    from PIL import Image

    edits = (_other_mode, _other_size, _other_format, _animation, _rotated, _huge_header)
    with Image.open(path) as image:
        image.load()
        path.write_bytes(random_.choice(edits)(image, random_))


def _encoded(image: Any, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _other_mode(image: Any, random_: random.Random) -> bytes:
    mode = random_.choice(MODES)
    converted = (
        image.convert("L").convert(mode)
        if mode in ("1", "I", "F", "I;16", "LA")
        else image.convert("RGB").convert(mode)
    )
    return _encoded(converted, "PNG" if mode not in ("CMYK", "F", "I", "YCbCr") else "TIFF")


def _other_size(image: Any, random_: random.Random) -> bytes:
    size = random_.choice(((1, 1), (1, 400), (3, 3), (56, 41), (700, 500), (5000, 1)))
    return _encoded(image.resize(size), "PNG")


def _other_format(image: Any, random_: random.Random) -> bytes:
    return _encoded(image.convert("RGB"), random_.choice(("GIF", "WEBP", "TIFF", "PPM", "JPEG2000", "ICO")))


def _animation(image: Any, random_: random.Random) -> bytes:
    frame = image.convert("RGB")
    return _encoded(frame, random_.choice(("GIF", "TIFF", "PNG")), save_all=True, append_images=[frame.rotate(90)])


def _rotated(image: Any, random_: random.Random) -> bytes:
    frame = image.convert("RGB")
    exif = frame.getexif()
    exif[0x0112] = random_.randint(0, 9)
    return _encoded(frame, random_.choice(("JPEG", "PNG")), exif=exif)


def _huge_header(image: Any, random_: random.Random) -> bytes:
    """A PNG whose header, with a correct checksum, names up to 2^31 - 1 pixels on a side."""
    content = bytearray(_encoded(image.convert("RGB"), "PNG"))
    sides = (20_000, 60_000, 100_000, 2**31 - 1, 13_500)
    content[16:24] = struct.pack(">II", random_.choice(sides), random_.choice(sides))
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content)


def swap_file(path: Path, base: Path, random_: random.Random) -> None:
    """Replace a file by one of another kind."""
    names = ("light.py", "frames.csv", "traced.pt", "run/results.parquet", "checkpoint/model.safetensors")
    shutil.copy2(base / random_.choice(names), path)


def damage_archive(path: Path, random_: random.Random) -> None:
    """Damage, delete or rename one member of a ZIP archive and write the archive again with correct checksums."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    name = random_.choice([each for each, content in members.items() if content])
    way = random_.random()
    content = members.pop(name)
    if way < 0.7:
        kinds = JSON if name.endswith(".json") else TEXT if name.endswith((".py", "version")) else BYTES
        members[name] = random_.choice(kinds)(content, random_)
    elif way < 0.85:
        members[f"../{name}"] = content
    with zipfile.ZipFile(path, "w") as archive:
        for each, bytes_ in members.items():
            archive.writestr(each, bytes_)


def rehash_run(folder: Path) -> None:
    """Write the checksums of a run again, as somebody who forges it does; nothing where run.json cannot be read."""
    integrity = import_module("robustbench_endo.results.integrity")
    try:
        info = json.loads((folder / "run.json").read_text("utf-8"))
        integrity.write_run(folder, info)
    except Exception:  # noqa: BLE001 - damaged beyond that
        return
