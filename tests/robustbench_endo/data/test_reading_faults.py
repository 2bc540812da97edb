"""Files that are damaged, turned, too large, several images, or no files at all."""

import io
import os
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from robustbench_endo.data.reading import (
    MAX_PIXELS,
    SeveralFramesError,
    UnsuitableFrameError,
    read_colours,
    read_grey,
    read_header,
    read_image,
    read_levels,
    read_mask,
)
from robustbench_endo.errors import DataError, FrameError

SCENE = np.zeros((40, 64, 3), np.uint8)
SCENE[:10, :20] = 255
SCENE[:10, 20:30, 0] = 200
LABELS = (SCENE[..., 1] > 0).astype(np.uint8)
READERS = (read_image, read_mask, read_grey, read_colours, read_levels)


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def save(path, pixels, **options):
    lossless = {"lossless": True} if path.suffix == ".webp" else {}
    Image.fromarray(pixels).save(path, **lossless, **options)
    return path


def frames(path, number=3, **options):
    images = [Image.fromarray(np.full((40, 64, 3), 60 * index, np.uint8)) for index in range(number)]
    images[0].save(path, save_all=True, append_images=images[1:], **options)
    return path


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp"])
def test_read_image_turns_an_exif_orientation(tmp_path, suffix, orientation):
    path = save(tmp_path / f"a.{suffix}", SCENE, exif=exif(orientation))
    with Image.open(path) as image:
        upright = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    assert np.array_equal(read_image(path).permute(1, 2, 0).numpy(), upright)
    header = read_header(path)
    assert header.size == upright.shape[:2]
    assert header.turned == (orientation != 1)


@pytest.mark.parametrize("orientation", [3, 6])
def test_read_mask_turns_as_a_frame_with_the_same_orientation(tmp_path, orientation):
    frame = read_image(save(tmp_path / "a.png", SCENE, exif=exif(orientation)))
    mask = read_mask(save(tmp_path / "b.png", LABELS, exif=exif(orientation)))
    assert np.array_equal(mask.numpy(), (frame[1] > 0).numpy())


def test_read_image_ignores_damaged_metadata(tmp_path):
    path = save(tmp_path / "a.png", SCENE, exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff")
    assert np.array_equal(read_image(path).permute(1, 2, 0).numpy(), SCENE)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.tif", "a.jpg"])
def test_read_image_refuses_several_frames(tmp_path, name):
    path = frames(tmp_path / name, format="MPO" if name.endswith("jpg") else None)
    for read in (*READERS, read_header):
        with pytest.raises(SeveralFramesError, match="Expected one image in .* got 3 .an animation, or several pages"):
            read(path)


def png_header(width, height):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [10_000, 20_000, 100_000])
@pytest.mark.parametrize("action", ["error", "ignore"])
def test_read_image_refuses_more_pixels_than_the_limit(tmp_path, side, action):
    path = tmp_path / "a.png"
    path.write_bytes(png_header(side, side))
    with warnings.catch_warnings():
        warnings.simplefilter(action, Image.DecompressionBombWarning)
        for read in (*READERS, read_header):
            with pytest.raises(UnsuitableFrameError, match=f"at most {MAX_PIXELS} pixels in .*, got {side * side}: "):
                read(path)


def test_read_image_does_not_wait_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path / "pipe.png", tmp_path, "/dev/zero"):
        with pytest.raises(FrameError, match="not a regular file"):
            read_image(type(tmp_path)(path))


@pytest.mark.parametrize("name", ["a\0b.png", "n" * 300 + ".png", "a.png/b.png", "\udcff.png"])
def test_read_image_names_a_path_that_cannot_be_opened(tmp_path, name):
    save(tmp_path / "a.png", SCENE)
    with pytest.raises(FrameError, match="Cannot (read|decode) the image"):
        read_image(tmp_path / name)
    assert read_header(tmp_path / name) is None


def test_read_image_starts_no_interpreter(tmp_path):
    (tmp_path / "a.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 40\n%%EOF\n")
    with pytest.raises(FrameError, match="not an image in a known format"):
        read_image(tmp_path / "a.png")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "WEBP"])
def test_read_image_gives_a_named_error_for_any_damage(tmp_path, kind):
    encoded = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)).save(encoded, kind)
    random, path, messages = np.random.default_rng(1), tmp_path / "a.img", []
    for number in range(300):
        content = bytearray(encoded.getvalue())
        length = len(content) if number % 3 else 80  # headers more often than pixels
        for position in random.integers(0, length, random.integers(1, 6)):
            content[position] = random.integers(0, 256)
        path.write_bytes(content if number % 5 else content[: random.integers(0, len(content))])
        for read in (*READERS, read_header):
            try:
                read(path)
            except DataError as error:
                messages.append(str(error))
    assert len(messages) > 100
    assert not any("\n" in message for message in messages)
