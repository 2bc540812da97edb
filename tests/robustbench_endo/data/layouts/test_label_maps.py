import json

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.data.layouts.label_maps import (
    SCENE,
    decode_colours,
    decode_levels,
    folders_with,
    read_palette,
)
from robustbench_endo.errors import DataError, FrameError
from robustbench_endo.types import IGNORE

PALETTE = {(0, 0, 0): 0, (0, 255, 0): 1, (125, 255, 12): 2, (255, 255, 255): IGNORE}


def write(path, pixels, mode=None):
    image = Image.fromarray(np.asarray(pixels, np.uint8))
    (image.convert(mode) if mode else image).save(path)
    return path


def test_decode_colours_agrees_with_a_search_pixel_by_pixel(tmp_path):
    colours = np.array(list(PALETTE), np.uint8)
    indices = np.random.default_rng(0).integers(0, 4, (9, 11))
    path = write(tmp_path / "mask.png", colours[indices])
    expected = [[PALETTE[tuple(int(value) for value in colours[index])] for index in row] for row in indices]
    assert decode_colours(path, PALETTE).tolist() == expected


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_decode_colours_reads_any_mode(tmp_path, mode):
    path = write(tmp_path / "mask.png", np.full((3, 4, 3), (0, 255, 0)), mode)
    assert decode_colours(path, PALETTE).unique().tolist() == [1]


def test_decode_colours_names_an_unknown_colour(tmp_path):
    path = write(tmp_path / "mask.png", np.full((3, 4, 3), (1, 255, 0)))
    with pytest.raises(
        DataError, match=r"colours \(0, 0, 0\), \(0, 255, 0\).* in the mask .*mask.png, got \(1, 255, 0"
    ):
        decode_colours(path, PALETTE)


@pytest.mark.parametrize("pixels", [np.full((3, 4), 50), np.full((3, 4, 3), 50), np.full((3, 4, 4), (50, 50, 50, 255))])
def test_decode_levels_reads_one_channel_or_three_equal_ones(tmp_path, pixels):
    assert decode_levels(write(tmp_path / "mask.png", pixels), {50: 0, 11: 1}).tolist() == [[0] * 4] * 3


def test_decode_levels_rejects_an_unknown_level_and_colours(tmp_path):
    with pytest.raises(DataError, match=r"Expected the grey values 11, 50 in the mask .*mask.png, got 7"):
        decode_levels(write(tmp_path / "mask.png", np.full((3, 4), 7)), {50: 0, 11: 1})
    with pytest.raises(DataError, match="Expected grey values .* got a coloured image"):
        decode_levels(write(tmp_path / "mask.png", np.full((3, 4, 3), (50, 50, 11))), {50: 0, 11: 1})


def test_decoders_reject_a_damaged_or_deep_mask(tmp_path):
    path = tmp_path / "mask.png"
    path.write_bytes(b"nothing")
    for read, code in ((decode_levels, {0: 0}), (decode_colours, PALETTE)):
        with pytest.raises(FrameError, match="not an image in a known format"):
            read(path, code)
    Image.fromarray(np.zeros((3, 4), np.uint16)).save(path)
    for read, code in ((decode_levels, {0: 0}), (decode_colours, PALETTE)):
        with pytest.raises(DataError, match="16-bit or deeper"):
            read(path, code)


def test_read_palette_reads_both_forms(tmp_path):
    path = tmp_path / "labels.json"
    items = [{"name": name, "color": list(colour), "classid": index} for index, (name, colour) in enumerate(SCENE)]
    path.write_text(json.dumps(items[::-1]))
    assert read_palette(path) == SCENE
    wrapped = {"classes": [{**item, "color": [*item["color"], 128], "active": True} for item in items]}
    path.write_text(json.dumps(wrapped))
    assert read_palette(path) == SCENE


@pytest.mark.parametrize(
    "text",
    [
        '[{"name": "a", "color": [0, 0, 256], "classid": 0}]',
        "{",
        "{}",
        "[1]",
        '[{"name": "a", "color": [0, 0], "classid": 0}]',
        '[{"color": [0, 0, 0], "classid": 0}]',
    ],
)
def test_read_palette_rejects_a_damaged_file(tmp_path, text):
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(DataError, match=r'Expected a list of \{"name", "color", "classid"\} in .*labels.json'):
        read_palette(tmp_path / "labels.json")


def test_read_palette_rejects_class_ids_with_a_gap(tmp_path):
    items = [{"name": "a", "color": [index] * 3, "classid": index} for index in (0, 2)]
    (tmp_path / "labels.json").write_text(json.dumps(items))
    with pytest.raises(DataError, match=r"Expected the classids 0, 1, 2, \.\.\. in .* got \[0, 2\]"):
        read_palette(tmp_path / "labels.json")


def test_folders_with_skips_hidden_folders(tmp_path):
    for name in ("b/seq_1/left", "a/left", "__MACOSX/seq_1/left", ".git/left"):
        (tmp_path / name).mkdir(parents=True)
    assert list(folders_with(tmp_path, "left")) == [tmp_path / "a", tmp_path / "b" / "seq_1"]
