import numpy as np
import pytest
import torch
from PIL import Image

from robustbench_endo.data.reading import Header, read_colours, read_header, read_image, read_levels, read_mask
from robustbench_endo.errors import DataError, FrameError

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)


def save(path, pixels, mode=None):
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path)
    return path


def test_read_image_returns_channels_first(tmp_path):
    image = read_image(save(tmp_path / "a.png", PIXELS))
    assert (image.dtype, image.is_contiguous()) == (torch.uint8, True)
    np.testing.assert_array_equal(image.permute(1, 2, 0).numpy(), PIXELS)


@pytest.mark.parametrize("mode", ["L", "P", "1"])
def test_read_mask_reads_single_channel_modes(tmp_path, mode):
    labels = np.zeros((5, 7), np.uint8)
    labels[1:3, 2:4] = 255 if mode == "1" else 1
    mask = read_mask(save(tmp_path / "a.png", labels, mode))
    assert (mask.dtype, mask.shape) == (torch.uint8, (5, 7))
    np.testing.assert_array_equal(mask.numpy() > 0, labels > 0)


def test_read_levels_reads_one_channel_or_three_equal_ones(tmp_path):
    grey = PIXELS[..., 0]
    for name, pixels in (("one.png", grey), ("three.png", np.stack([grey] * 3, -1))):
        np.testing.assert_array_equal(read_levels(save(tmp_path / name, pixels)), grey)
    with pytest.raises(DataError, match="Expected grey values in the mask .*, got a coloured image"):
        read_levels(save(tmp_path / "colours.png", PIXELS))


def test_read_colours_drops_alpha(tmp_path):
    path = save(tmp_path / "a.png", np.dstack([PIXELS, np.full((5, 7), 9, np.uint8)]))
    np.testing.assert_array_equal(read_colours(path), PIXELS)


def test_read_header_is_none_for_an_unreadable_file(tmp_path):
    assert read_header(save(tmp_path / "a.png", PIXELS)) == Header("RGB", (5, 7))
    (tmp_path / "b.png").write_bytes(b"nothing")
    assert read_header(tmp_path / "b.png") is None


@pytest.mark.parametrize("read", [read_image, read_mask, read_levels, read_colours])
def test_readers_raise_frame_error_with_the_reason(tmp_path, read):
    with pytest.raises(FrameError, match=r"Cannot read the image .*a.png: no such file. Replace or remove the frame."):
        read(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes(b"nothing")
    with pytest.raises(FrameError, match="not an image in a known format"):
        read(tmp_path / "a.png")
    path = save(tmp_path / "b.png", PIXELS[..., 0] if read in (read_mask, read_levels) else PIXELS)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(FrameError, match=r"Cannot decode the image .*b.png: "):
        read(path)
